package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Gradient of [Gelu] from its input: `dx = dy · gelu'(x)`; any shape, f32/bf16.
public record GeluBackward(Tensor x, Tensor dy, Tensor dx) implements Op {
    public GeluBackward {

        Require.real("gelu_backward", "x", x);
        for (var t : List.of(dy, dx)) {
            Require.sameShape("gelu_backward", "dy, dx", t, x);
            Require.dtype("gelu_backward", "dy, dx", t, x.dtype());
        }
    }

    @Override
    public List<Tensor> reads() {
        return List.of(x, dy);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(dx);
    }

    @Override
    public Cost cost() {
        return new Cost(16.0 * x.count(), x.bytes() + dy.bytes() + dx.bytes(), "16 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(8, 2, dx.dtype());
    }
}
