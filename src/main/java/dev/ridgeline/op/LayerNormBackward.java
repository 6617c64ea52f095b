package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Gradients of [LayerNorm]: `dx = rstd · (g - mean(g) - x̂ · mean(g · x̂))` with `g = dy ·
/// weight`, `x̂ = (x - mean) · rstd`; `dweight += Σ_rows dy · x̂`; `dbias += Σ_rows dy`. A
/// residual's gradient, which may be `dx`, is added to `dx`.
///
/// | operand            | shape        | dtype         |
/// |--------------------|--------------|---------------|
/// | `x`, `dy`, `dx`, `residual` | (rows, cols) | f32/bf16      |
/// | `weight`           | (cols)       | as `x` or f32 |
/// | `mean`, `rstd`     | (rows)       | f32           |
/// | `dweight`, `dbias` | (cols)       | f32           |
public record LayerNormBackward(
        Tensor x,
        Tensor weight,
        Tensor mean,
        Tensor rstd,
        Tensor dy,
        Tensor dx,
        Tensor dweight,
        Tensor dbias,
        Optional<Tensor> residual)
        implements Op {
    public LayerNormBackward {

        Require.rank("layer_norm_backward", "x", x, 2);
        Require.real("layer_norm_backward", "x", x);
        Require.shape("layer_norm_backward", "weight", weight, x.dim(1));
        Require.dtype("layer_norm_backward", "weight", weight, x.dtype(), DType.F32);
        for (var t : List.of(mean, rstd)) {
            Require.shape("layer_norm_backward", "mean, rstd", t, x.dim(0));
            Require.dtype("layer_norm_backward", "mean, rstd", t, DType.F32);
        }
        for (var t : List.of(dy, dx)) {
            Require.sameShape("layer_norm_backward", "dy, dx", t, x);
            Require.dtype("layer_norm_backward", "dy, dx", t, x.dtype());
        }
        for (var t : List.of(dweight, dbias)) {
            Require.shape("layer_norm_backward", "dweight, dbias", t, x.dim(1));
            Require.dtype("layer_norm_backward", "dweight, dbias", t, DType.F32);
        }
        residual.ifPresent(
                t -> {
                    Require.sameShape("layer_norm_backward", "residual", t, x);
                    Require.dtype("layer_norm_backward", "residual", t, x.dtype());
                });
    }

    /// Of the norm alone.
    public LayerNormBackward(
            Tensor x,
            Tensor weight,
            Tensor mean,
            Tensor rstd,
            Tensor dy,
            Tensor dx,
            Tensor dweight,
            Tensor dbias) {
        this(x, weight, mean, rstd, dy, dx, dweight, dbias, Optional.empty());
    }

    public int rows() {
        return x.dim(0);
    }

    public int cols() {
        return x.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return Stream.concat(
                        Stream.of(x, weight, mean, rstd, dy, dweight, dbias), residual.stream())
                .toList();
    }

    @Override
    public List<Tensor> writes() {
        return List.of(dx, dweight, dbias);
    }

    @Override
    public Cost cost() {
        return new Cost(
                (residual.isPresent() ? 14.0 : 13.0) * x.count(),
                (residual.isPresent() ? 4.0 : 3.0) * x.bytes()
                        + weight.bytes()
                        + mean.bytes()
                        + rstd.bytes()
                        + 2.0 * dweight.bytes()
                        + 2.0 * dbias.bytes(),
                residual.isPresent() ? "14 per element" : "13 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return output == 0
                ? Tolerance.elementwise(16, 8, dx.dtype())
                : Tolerance.sum(rows(), 4, DType.F32);
    }
}
