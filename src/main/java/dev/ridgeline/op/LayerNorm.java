package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Layer norm of each row (arXiv 1607.06450): `y = (x - mean) · rstd · weight + bias` with the
/// biased variance, `rstd = 1 / sqrt(var + eps)`. With a residual, of `x + branch`, which is
/// written last.
///
/// | operand          | shape        | dtype         |
/// |------------------|--------------|---------------|
/// | `x`, `y`         | (rows, cols) | f32/bf16      |
/// | `weight`, `bias` | (cols)       | as `x` or f32 |
/// | `mean`, `rstd`   | (rows)       | f32           |
public record LayerNorm(
        Tensor x,
        Tensor weight,
        Tensor bias,
        Tensor y,
        Tensor mean,
        Tensor rstd,
        double eps,
        Optional<Residual> residual)
        implements Op {
    public LayerNorm {

        Require.rank("layer_norm", "x", x, 2);
        Require.real("layer_norm", "x", x);
        for (var t : List.of(weight, bias)) {
            Require.shape("layer_norm", "weight, bias", t, x.dim(1));
            Require.dtype("layer_norm", "weight, bias", t, x.dtype(), DType.F32);
        }
        Require.dtype("layer_norm", "bias", bias, weight.dtype());
        Require.sameShape("layer_norm", "y", y, x);
        Require.dtype("layer_norm", "y", y, x.dtype());
        for (var t : List.of(mean, rstd)) {
            Require.shape("layer_norm", "mean, rstd", t, x.dim(0));
            Require.dtype("layer_norm", "mean, rstd", t, DType.F32);
        }
        residual.ifPresent(r -> r.require("layer_norm", x));
    }

    /// Of `x` alone.
    public LayerNorm(
            Tensor x, Tensor weight, Tensor bias, Tensor y, Tensor mean, Tensor rstd, double eps) {
        this(x, weight, bias, y, mean, rstd, eps, Optional.empty());
    }

    public int rows() {
        return x.dim(0);
    }

    public int cols() {
        return x.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return Residual.read(residual, x, weight, bias);
    }

    @Override
    public List<Tensor> writes() {
        return Residual.written(residual, y, mean, rstd);
    }

    @Override
    public Cost cost() {
        return new Cost(
                (residual.isPresent() ? 8.0 : 7.0) * x.count(),
                x.bytes()
                        + y.bytes()
                        + weight.bytes()
                        + bias.bytes()
                        + mean.bytes()
                        + rstd.bytes()
                        + Residual.bytes(residual),
                residual.isPresent() ? "8 per element" : "7 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        if (output == 3) return Residual.tolerance(y.dtype());
        return Tolerance.elementwise(16, 4, output == 0 ? y.dtype() : DType.F32);
    }
}
