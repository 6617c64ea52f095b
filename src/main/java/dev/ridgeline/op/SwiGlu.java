package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Gated unit of Llama's feed-forward (arXiv 2002.05202): `y = silu(gate) · up`, `silu(x) = x / (1
/// + exp(-x))`; all (rows, cols), f32/bf16; rows may be strided, so that gate and up can be halves
///   of one projection's output.
public record SwiGlu(Tensor gate, Tensor up, Tensor y) implements Op {
    public SwiGlu {

        Require.rank("swi_glu", "gate", gate, 2);
        Require.real("swi_glu", "gate", gate);
        for (var t : List.of(up, y)) {
            Require.sameShape("swi_glu", "up, y", t, gate);
            Require.dtype("swi_glu", "up, y", t, gate.dtype());
        }
    }

    public int rows() {
        return gate.dim(0);
    }

    public int cols() {
        return gate.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(gate, up);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y);
    }

    @Override
    public Cost cost() {
        return new Cost(5.0 * y.count(), 3.0 * y.bytes(), "5 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(8, 1, y.dtype());
    }
}
