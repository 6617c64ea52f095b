package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Gradients of [RmsNorm]: `dx = rstd · (g - x̂ · mean(g · x̂))` with `g = dy · weight`, `x̂ = x ·
/// rstd`; `dweight += Σ_rows dy · x̂`. A residual's gradient, which may be `dx`, is added to `dx`.
///
/// | operand         | shape        | dtype         |
/// |-----------------|--------------|---------------|
/// | `x`, `dy`, `dx`, `residual` | (rows, cols) | f32/bf16      |
/// | `weight`        | (cols)       | as `x` or f32 |
/// | `rstd`          | (rows)       | f32           |
/// | `dweight`       | (cols)       | f32           |
public record RmsNormBackward(
        Tensor x,
        Tensor weight,
        Tensor rstd,
        Tensor dy,
        Tensor dx,
        Tensor dweight,
        Optional<Tensor> residual)
        implements Op {
    public RmsNormBackward {

        Require.rank("rms_norm_backward", "x", x, 2);
        Require.real("rms_norm_backward", "x", x);
        Require.shape("rms_norm_backward", "weight", weight, x.dim(1));
        Require.dtype("rms_norm_backward", "weight", weight, x.dtype(), DType.F32);
        Require.shape("rms_norm_backward", "rstd", rstd, x.dim(0));
        Require.dtype("rms_norm_backward", "rstd", rstd, DType.F32);
        for (var t : List.of(dy, dx)) {
            Require.sameShape("rms_norm_backward", "dy, dx", t, x);
            Require.dtype("rms_norm_backward", "dy, dx", t, x.dtype());
        }
        Require.shape("rms_norm_backward", "dweight", dweight, x.dim(1));
        Require.dtype("rms_norm_backward", "dweight", dweight, DType.F32);
        residual.ifPresent(
                t -> {
                    Require.sameShape("rms_norm_backward", "residual", t, x);
                    Require.dtype("rms_norm_backward", "residual", t, x.dtype());
                });
    }

    /// Of the norm alone.
    public RmsNormBackward(
            Tensor x, Tensor weight, Tensor rstd, Tensor dy, Tensor dx, Tensor dweight) {
        this(x, weight, rstd, dy, dx, dweight, Optional.empty());
    }

    public int rows() {
        return x.dim(0);
    }

    public int cols() {
        return x.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return Stream.concat(Stream.of(x, weight, rstd, dy, dweight), residual.stream()).toList();
    }

    @Override
    public List<Tensor> writes() {
        return List.of(dx, dweight);
    }

    @Override
    public Cost cost() {
        return new Cost(
                (residual.isPresent() ? 10.0 : 9.0) * x.count(),
                (residual.isPresent() ? 4.0 : 3.0) * x.bytes()
                        + weight.bytes()
                        + rstd.bytes()
                        + 2.0 * dweight.bytes(),
                residual.isPresent() ? "10 per element" : "9 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return output == 0
                ? Tolerance.elementwise(16, 8, dx.dtype())
                : Tolerance.sum(rows(), 4, DType.F32);
    }
}
