package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Root-mean-square norm of each row (arXiv 1910.07467): `rstd = 1 / sqrt(mean(x²) + eps)`, `y = x
/// · rstd · weight`.
///
/// | operand  | shape        | dtype         |
/// |----------|--------------|---------------|
/// | `x`, `y` | (rows, cols) | f32/bf16      |
/// | `weight` | (cols)       | as `x` or f32 |
/// | `rstd`   | (rows)       | f32           |
public record RmsNorm(Tensor x, Tensor weight, Tensor y, Tensor rstd, double eps) implements Op {
    public RmsNorm {

        Require.rank("rms_norm", "x", x, 2);
        Require.real("rms_norm", "x", x);
        Require.shape("rms_norm", "weight", weight, x.dim(1));
        Require.dtype("rms_norm", "weight", weight, x.dtype(), DType.F32);
        Require.sameShape("rms_norm", "y", y, x);
        Require.dtype("rms_norm", "y", y, x.dtype());
        Require.shape("rms_norm", "rstd", rstd, x.dim(0));
        Require.dtype("rms_norm", "rstd", rstd, DType.F32);
    }

    public int rows() {
        return x.dim(0);
    }

    public int cols() {
        return x.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(x, weight);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y, rstd);
    }

    @Override
    public Cost cost() {
        return new Cost(
                4.0 * x.count(),
                x.bytes() + y.bytes() + weight.bytes() + rstd.bytes(),
                "4 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(8, 4, output == 0 ? y.dtype() : DType.F32);
    }
}
