package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// `y = a + b`, a residual connection; any shape, f32/bf16. `y` may be `a`. Its backward pass is
/// the identity on both sides.
public record Add(Tensor a, Tensor b, Tensor y) implements Op {
    public Add {

        Require.real("add", "a", a);
        for (var t : List.of(b, y)) {
            Require.sameShape("add", "b, y", t, a);
            Require.dtype("add", "b, y", t, a.dtype());
        }
    }

    @Override
    public List<Tensor> reads() {
        return List.of(a, b);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y);
    }

    @Override
    public Cost cost() {
        return new Cost(a.count(), a.bytes() + b.bytes() + y.bytes(), "1 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(1, 0, y.dtype());
    }
}
