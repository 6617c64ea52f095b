package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// `y = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x³)))`, GPT-2's form; any shape, f32/bf16.
public record Gelu(Tensor x, Tensor y) implements Op {
    public Gelu {

        Require.real("gelu", "x", x);
        Require.sameShape("gelu", "y", y, x);
        Require.dtype("gelu", "y", y, x.dtype());
    }

    @Override
    public List<Tensor> reads() {
        return List.of(x);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y);
    }

    @Override
    public Cost cost() {
        return new Cost(9.0 * x.count(), x.bytes() + y.bytes(), "9 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(8, 1, y.dtype());
    }
}
