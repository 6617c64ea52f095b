package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Gradient of [Softmax] from its result: `dx = y · (dy - Σ dy · y)`; all (rows, cols), f32/bf16.
public record SoftmaxBackward(Tensor y, Tensor dy, Tensor dx) implements Op {
    public SoftmaxBackward {

        Require.rank("softmax_backward", "y", y, 2);
        Require.real("softmax_backward", "y", y);
        for (var t : List.of(dy, dx)) {
            Require.sameShape("softmax_backward", "dy, dx", t, y);
            Require.dtype("softmax_backward", "dy, dx", t, y.dtype());
        }
    }

    public int rows() {
        return y.dim(0);
    }

    public int cols() {
        return y.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(y, dy);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(dx);
    }

    @Override
    public Cost cost() {
        return new Cost(4.0 * y.count(), y.bytes() + dy.bytes() + dx.bytes(), "4 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(16, 1, dx.dtype());
    }
}
