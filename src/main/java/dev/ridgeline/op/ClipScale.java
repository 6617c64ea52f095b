package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// What clipping by the global norm multiplies gradients with (arXiv 1211.5063, algorithm 1): `norm
/// = sqrt(Σ squares)`, `scale = min(1, limit / (norm + 1e-6))`. The small term is PyTorch's.
///
/// | operand   | shape | dtype |
/// |-----------|-------|-------|
/// | `squares` | (n)   | f32   |
/// | `norm`    | (1)   | f32   |
/// | `scale`   | (1)   | f32   |
///
/// @param limit largest norm that is left as it is; infinite for no clipping
public record ClipScale(Tensor squares, Tensor norm, Tensor scale, double limit) implements Op {
    /// Keeps the quotient finite where all gradients are zero.
    public static final double EPS = 1e-6;

    public ClipScale {
        Require.rank("clip_scale", "squares", squares, 1);
        Require.dtype("clip_scale", "squares", squares, DType.F32);
        for (var t : List.of(norm, scale)) {
            Require.shape("clip_scale", "norm, scale", t, 1);
            Require.dtype("clip_scale", "norm, scale", t, DType.F32);
        }
        Require.that(limit > 0, "clip_scale: limit %s is not positive", limit);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(squares);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(norm, scale);
    }

    @Override
    public Cost cost() {
        return new Cost(
                squares.count(), squares.bytes() + norm.bytes() + scale.bytes(), "1 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(squares.count() + 4, 1, DType.F32);
    }
}
