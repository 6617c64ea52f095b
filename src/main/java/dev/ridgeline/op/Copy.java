package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// `to = from`, STREAM's copy; any shape, f32.
public record Copy(Tensor from, Tensor to) implements Op {
    public Copy {

        Require.dtype("copy", "from", from, DType.F32);
        Require.sameShape("copy", "to", to, from);
        Require.dtype("copy", "to", to, from.dtype());
    }

    @Override
    public List<Tensor> reads() {
        return List.of(from);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(to);
    }

    @Override
    public Cost cost() {
        return new Cost(0, from.bytes() + to.bytes(), "no flops");
    }

    @Override
    public Tolerance tolerance(int output) {
        return new Tolerance(0, 0);
    }
}
