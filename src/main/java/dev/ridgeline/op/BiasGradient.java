package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Column sums of an output gradient, `dbias += Σ_rows dy`: the bias gradient of a linear layer.
///
/// | operand | shape        | dtype    |
/// |---------|--------------|----------|
/// | `dy`    | (rows, cols) | f32/bf16 |
/// | `dbias` | (cols)       | f32      |
public record BiasGradient(Tensor dy, Tensor dbias) implements Op {
    public BiasGradient {

        Require.rank("bias_gradient", "dy", dy, 2);
        Require.real("bias_gradient", "dy", dy);
        Require.shape("bias_gradient", "dbias", dbias, dy.dim(1));
        Require.dtype("bias_gradient", "dbias", dbias, DType.F32);
    }

    public int rows() {
        return dy.dim(0);
    }

    public int cols() {
        return dy.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(dy, dbias);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(dbias);
    }

    @Override
    public Cost cost() {
        return new Cost(dy.count(), dy.bytes() + 2.0 * dbias.bytes(), "1 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.sum(rows(), 1, DType.F32);
    }
}
