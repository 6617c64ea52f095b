package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Rotary position embedding (arXiv 2104.09864) in the half-split layout of public Llama
/// checkpoints: the pair (x[i], x[i + D/2]) at position p turns by the angle `p · frequencies[i]`.
///
/// | operand       | shape        | dtype    |
/// |---------------|--------------|----------|
/// | `x`, `y`      | (B, H, T, D) | f32/bf16 |
/// | `frequencies` | (D / 2)      | f32      |
///
/// `y` may be `x`. The backward pass is the inverse rotation of the gradient. Heads and rows may be
/// strided.
///
/// @param firstPosition position of row 0 of T
/// @param inverse turns by the negative angle
public record Rope(Tensor x, Tensor frequencies, Tensor y, int firstPosition, boolean inverse)
        implements Op {
    public Rope {

        Require.rank("rope", "x", x, 4);
        Require.real("rope", "x", x);
        Require.that(x.dim(3) % 2 == 0, "rope: head dim %d is odd", x.dim(3));
        Require.shape("rope", "frequencies", frequencies, x.dim(3) / 2);
        Require.dtype("rope", "frequencies", frequencies, DType.F32);
        Require.sameShape("rope", "y", y, x);
        Require.dtype("rope", "y", y, x.dtype());
        Require.that(firstPosition >= 0, "rope: first position %d is negative", firstPosition);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(x, frequencies);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y);
    }

    @Override
    public Cost cost() {
        return new Cost(
                3.0 * x.count(), x.bytes() + y.bytes() + frequencies.bytes(), "3 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(8, 2, y.dtype());
    }
}
