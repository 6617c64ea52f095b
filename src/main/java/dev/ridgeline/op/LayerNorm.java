package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Layer norm of each row (arXiv 1607.06450): `y = (x - mean) · rstd · weight + bias` with the
/// biased variance, `rstd = 1 / sqrt(var + eps)`.
///
/// | operand          | shape        | dtype         |
/// |------------------|--------------|---------------|
/// | `x`, `y`         | (rows, cols) | f32/bf16      |
/// | `weight`, `bias` | (cols)       | as `x` or f32 |
/// | `mean`, `rstd`   | (rows)       | f32           |
public record LayerNorm(
        Tensor x, Tensor weight, Tensor bias, Tensor y, Tensor mean, Tensor rstd, double eps)
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
    }

    public int rows() {
        return x.dim(0);
    }

    public int cols() {
        return x.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(x, weight, bias);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y, mean, rstd);
    }

    @Override
    public Cost cost() {
        return new Cost(
                7.0 * x.count(),
                x.bytes() + y.bytes() + weight.bytes() + bias.bytes() + mean.bytes() + rstd.bytes(),
                "7 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(16, 4, output == 0 ? y.dtype() : DType.F32);
    }
}
