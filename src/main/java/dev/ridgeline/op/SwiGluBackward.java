package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Gradients of [SwiGlu]: `dup = dy · silu(gate)`, `dgate = dy · up · silu'(gate)` with `silu'(x) =
/// s(1 + x(1 - s))`, `s = 1 / (1 + exp(-x))`; all (rows, cols), f32/bf16.
public record SwiGluBackward(Tensor gate, Tensor up, Tensor dy, Tensor dgate, Tensor dup)
        implements Op {
    public SwiGluBackward {

        Require.rank("swi_glu_backward", "gate", gate, 2);
        Require.real("swi_glu_backward", "gate", gate);
        for (var t : List.of(up, dy, dgate, dup)) {
            Require.sameShape("swi_glu_backward", "up, dy, dgate, dup", t, gate);
            Require.dtype("swi_glu_backward", "up, dy, dgate, dup", t, gate.dtype());
        }
    }

    public int rows() {
        return gate.dim(0);
    }

    public int cols() {
        return gate.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(gate, up, dy);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(dgate, dup);
    }

    @Override
    public Cost cost() {
        return new Cost(11.0 * dy.count(), 5.0 * dy.bytes(), "11 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(8, 2, dgate.dtype());
    }
}
