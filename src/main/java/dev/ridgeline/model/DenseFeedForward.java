package dev.ridgeline.model;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// `down(gelu(up x))`, or `down(silu(gate x) · up x)` where the first projection gives gate and up
/// side by side.
record DenseFeedForward(Family family, Linear up, Linear down, Hidden saved, Hidden gradient)
        implements FeedForward {
    /// @param up (rows, hidden), of gated units (rows, 2 hidden)
    /// @param active (rows, hidden)
    record Hidden(Tensor up, Tensor active) implements FeedForward.Saved {
        static Hidden in(
                Memory memory, Kind kind, String owner, DType dtype, Config config, int rows) {
            int wide = config.family() == Family.LLAMA ? 2 : 1;
            return new Hidden(
                    memory.tensor(kind, owner, dtype, rows, wide * config.hidden()),
                    memory.tensor(kind, owner, dtype, rows, config.hidden()));
        }
    }

    @Override
    public void forward(List<Op> ops, Tensor x, Tensor y) {
        recompute(ops, x);
        ops.add(down.forward(saved.active(), y));
    }

    @Override
    public void recompute(List<Op> ops, Tensor x) {
        switch (family) {
            case GPT2 -> ops.add(up.forwardGelu(x, saved.active(), saved.up()));
            case LLAMA -> {
                ops.add(up.forward(x, saved.up()));
                ops.add(new SwiGlu(left(saved.up()), right(saved.up()), saved.active()));
            }
        }
    }

    @Override
    public void backward(List<Op> ops, Tensor x, Tensor dy, Tensor dx, boolean accumulate) {
        down.backward(ops, saved.active(), dy, gradient.active(), accumulate);
        ops.add(
                switch (family) {
                    case GPT2 -> new GeluBackward(saved.up(), gradient.active(), gradient.up());
                    case LLAMA ->
                            new SwiGluBackward(
                                    left(saved.up()),
                                    right(saved.up()),
                                    gradient.active(),
                                    left(gradient.up()),
                                    right(gradient.up()));
                });
        up.backward(ops, x, gradient.up(), dx, accumulate);
    }

    static Tensor left(Tensor both) {
        return both.slice(1, 0, both.dim(1) / 2);
    }

    static Tensor right(Tensor both) {
        return both.slice(1, both.dim(1) / 2, both.dim(1));
    }
}
