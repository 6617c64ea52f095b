package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// `to = a + factor · b`, STREAM's triad (McCalpin); any shape, f32.
public record Triad(Tensor a, Tensor b, Tensor to, float factor) implements Op {
    public Triad {

        Require.dtype("triad", "a", a, DType.F32);
        for (var t : List.of(b, to)) {
            Require.sameShape("triad", "b, to", t, a);
            Require.dtype("triad", "b, to", t, a.dtype());
        }
    }

    @Override
    public List<Tensor> reads() {
        return List.of(a, b);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(to);
    }

    @Override
    public Cost cost() {
        return new Cost(2.0 * a.count(), a.bytes() + b.bytes() + to.bytes(), "2 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(2, 1 + Math.abs(factor), to.dtype());
    }
}
