package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// `x = 0`, for gradients that are only ever added to; any shape, f32/bf16.
public record Zero(Tensor x) implements Op {
    public Zero {
        Require.real("zero", "x", x);
    }

    @Override
    public List<Tensor> reads() {
        return List.of();
    }

    @Override
    public List<Tensor> writes() {
        return List.of(x);
    }

    @Override
    public Cost cost() {
        return new Cost(0, x.bytes(), "no flops");
    }

    @Override
    public Tolerance tolerance(int output) {
        return new Tolerance(0, 0);
    }
}
