package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Root-mean-square norm of each row (arXiv 1910.07467): `rstd = 1 / sqrt(mean(x²) + eps)`, `y = x
/// · rstd · weight`. With a residual, of `x + branch`, which is written last.
///
/// | operand  | shape        | dtype         |
/// |----------|--------------|---------------|
/// | `x`, `y` | (rows, cols) | f32/bf16      |
/// | `weight` | (cols)       | as `x` or f32 |
/// | `rstd`   | (rows)       | f32           |
public record RmsNorm(
        Tensor x, Tensor weight, Tensor y, Tensor rstd, double eps, Optional<Residual> residual)
        implements Op {
    public RmsNorm {

        Require.rank("rms_norm", "x", x, 2);
        Require.real("rms_norm", "x", x);
        Require.shape("rms_norm", "weight", weight, x.dim(1));
        Require.dtype("rms_norm", "weight", weight, x.dtype(), DType.F32);
        Require.sameShape("rms_norm", "y", y, x);
        Require.dtype("rms_norm", "y", y, x.dtype());
        Require.shape("rms_norm", "rstd", rstd, x.dim(0));
        Require.dtype("rms_norm", "rstd", rstd, DType.F32);
        residual.ifPresent(r -> r.require("rms_norm", x));
    }

    /// Of `x` alone.
    public RmsNorm(Tensor x, Tensor weight, Tensor y, Tensor rstd, double eps) {
        this(x, weight, y, rstd, eps, Optional.empty());
    }

    public int rows() {
        return x.dim(0);
    }

    public int cols() {
        return x.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return Residual.read(residual, x, weight);
    }

    @Override
    public List<Tensor> writes() {
        return Residual.written(residual, y, rstd);
    }

    @Override
    public Cost cost() {
        return new Cost(
                (residual.isPresent() ? 5.0 : 4.0) * x.count(),
                x.bytes() + y.bytes() + weight.bytes() + rstd.bytes() + Residual.bytes(residual),
                residual.isPresent() ? "5 per element" : "4 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        if (output == 2) return Residual.tolerance(y.dtype());
        return Tolerance.elementwise(8, 4, output == 0 ? y.dtype() : DType.F32);
    }
}
