package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// `to = factor · from`, STREAM's scale; any shape, f32.
public record Scale(Tensor from, Tensor to, float factor) implements Op {
    public Scale {

        Require.dtype("scale", "from", from, DType.F32);
        Require.sameShape("scale", "to", to, from);
        Require.dtype("scale", "to", to, from.dtype());
    }

    @Override
    public List<Tensor> reads() {
        return List.of(from);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(to);
    }

    @Override
    public Cost cost() {
        return new Cost(from.count(), from.bytes() + to.bytes(), "1 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(1, 0, to.dtype());
    }
}
