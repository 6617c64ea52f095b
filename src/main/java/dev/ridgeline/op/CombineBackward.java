package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Gradients of [Combine]: `dy[places[r, j]] = gates[r, j] · dout[r]`, `dgates[r, j] = dout[r] ·
/// y[places[r, j]]`.
///
/// | operand           | shape          | dtype    |
/// |-------------------|----------------|----------|
/// | `y`, `dy`         | (rows · k, cols) | f32/bf16 |
/// | `gates`, `dgates` | (rows, k)      | f32      |
/// | `places`          | (rows, k)      | i32, a permutation of the rows of y |
/// | `dout`            | (rows, cols)   | as `y`   |
public record CombineBackward(
        Tensor y, Tensor gates, Tensor places, Tensor dout, Tensor dy, Tensor dgates)
        implements Op {
    public CombineBackward {
        Require.rank("combine_backward", "places", places, 2);
        Require.dtype("combine_backward", "places", places, DType.I32);
        Require.rank("combine_backward", "y", y, 2);
        Require.real("combine_backward", "y", y);
        Require.shape("combine_backward", "y", y, Math.toIntExact(places.count()), y.dim(1));
        Require.shape("combine_backward", "dout", dout, places.dim(0), y.dim(1));
        Require.dtype("combine_backward", "dout", dout, y.dtype());
        Require.sameShape("combine_backward", "dy", dy, y);
        Require.dtype("combine_backward", "dy", dy, y.dtype());
        for (var t : List.of(gates, dgates)) {
            Require.sameShape("combine_backward", "gates, dgates", t, places);
            Require.dtype("combine_backward", "gates, dgates", t, DType.F32);
        }
    }

    public int rows() {
        return dout.dim(0);
    }

    public int cols() {
        return dout.dim(1);
    }

    public int active() {
        return places.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(y, gates, places, dout);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(dy, dgates);
    }

    @Override
    public Cost cost() {
        return new Cost(
                3.0 * y.count(),
                2.0 * y.bytes() + dout.bytes() + places.bytes() + 2.0 * gates.bytes(),
                "3 per element of y");
    }

    @Override
    public Tolerance tolerance(int output) {
        return output == 0
                ? Tolerance.elementwise(1, 0, dy.dtype())
                : Tolerance.sum(cols(), 1, DType.F32);
    }
}
