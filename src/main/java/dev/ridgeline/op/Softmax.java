package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Softmax of each row, `y = exp(x - max) / Σ exp(x - max)`; both (rows, cols), f32/bf16.
public record Softmax(Tensor x, Tensor y) implements Op {
    public Softmax {

        Require.rank("softmax", "x", x, 2);
        Require.real("softmax", "x", x);
        Require.sameShape("softmax", "y", y, x);
        Require.dtype("softmax", "y", y, x.dtype());
    }

    public int rows() {
        return x.dim(0);
    }

    public int cols() {
        return x.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(x);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y);
    }

    @Override
    public Cost cost() {
        return new Cost(5.0 * x.count(), x.bytes() + y.bytes(), "5 per element");
    }

    /// exp makes a relative error of the absolute one of `x - max`, which is at most 88 units
    /// before the result is no longer a normal number, and may be zero.
    @Override
    public Tolerance tolerance(int output) {
        return new Tolerance(2 * Float.MIN_NORMAL, 104 * 0x1p-24 + 2 * y.dtype().roundoff());
    }
}
