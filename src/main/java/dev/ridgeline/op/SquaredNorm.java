package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// `sum = Σ x²`, added in an order that depends on the shape alone.
///
/// | operand | shape | dtype    |
/// |---------|-------|----------|
/// | `x`     | any   | f32/bf16 |
/// | `sum`   | (1)   | f32      |
///
/// An element that is not finite, or a sum past f32, gives a sum that is not finite.
public record SquaredNorm(Tensor x, Tensor sum) implements Op {
    public SquaredNorm {
        Require.real("squared_norm", "x", x);
        Require.shape("squared_norm", "sum", sum, 1);
        Require.dtype("squared_norm", "sum", sum, DType.F32);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(x);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(sum);
    }

    @Override
    public Cost cost() {
        return new Cost(2.0 * x.count(), x.bytes() + sum.bytes(), "2 per element");
    }

    /// No term is negative, so each rounding is at most 2^-24 of the sum. Runs of 2^8 additions in
    /// f32 may follow each other before their sums are added in pairs or in f64.
    @Override
    public Tolerance tolerance(int output) {
        return new Tolerance(0, 0x1p-16);
    }
}
