package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Brings the results of experts back to their rows: `out[r] = Σ_j gates[r, j] · y[places[r, j]]`;
/// without gates the plain sum, which is the gradient of looking rows up by [Router]'s sources.
///
/// | operand  | shape          | dtype    |
/// |----------|----------------|----------|
/// | `y`      | (rows · k, cols) | f32/bf16 |
/// | `gates`  | (rows, k)      | f32      |
/// | `places` | (rows, k)      | i32, a permutation of the rows of y |
/// | `out`    | (rows, cols)   | as `y`   |
public record Combine(Tensor y, Optional<Tensor> gates, Tensor places, Tensor out) implements Op {
    public Combine {
        Require.rank("combine", "places", places, 2);
        Require.dtype("combine", "places", places, DType.I32);
        Require.rank("combine", "y", y, 2);
        Require.real("combine", "y", y);
        Require.shape("combine", "y", y, Math.toIntExact(places.count()), y.dim(1));
        Require.shape("combine", "out", out, places.dim(0), y.dim(1));
        Require.dtype("combine", "out", out, y.dtype());
        if (gates.isPresent()) {
            Require.sameShape("combine", "gates", gates.get(), places);
            Require.dtype("combine", "gates", gates.get(), DType.F32);
        }
    }

    public int rows() {
        return out.dim(0);
    }

    public int cols() {
        return out.dim(1);
    }

    public int active() {
        return places.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return gates.map(g -> List.of(y, g, places)).orElse(List.of(y, places));
    }

    @Override
    public List<Tensor> writes() {
        return List.of(out);
    }

    @Override
    public Cost cost() {
        return new Cost(
                2.0 * y.count(),
                y.bytes() + out.bytes() + places.bytes() + gates.map(Tensor::bytes).orElse(0L),
                "2 per element of y");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.sum(active(), 1, out.dtype());
    }
}
