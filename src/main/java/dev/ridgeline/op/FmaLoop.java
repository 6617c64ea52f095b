package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// The compute ceiling: every lane i of `lanes` runs `x = x · a + b` for `iterations` rounds in
/// registers, with `a = 1 - 2^-12` and `b = 2^-12`, from `x = i mod 2`.
///
/// `lanes` is (n), f32. A device spreads the lanes over all its cores; n of a few thousand per core
/// fills any of them.
public record FmaLoop(Tensor lanes, long iterations) implements Op {
    public FmaLoop {

        Require.rank("fma_loop", "lanes", lanes, 1);
        Require.dtype("fma_loop", "lanes", lanes, DType.F32);
        Require.that(iterations > 0, "fma_loop: iterations must be positive: %d", iterations);
    }

    @Override
    public List<Tensor> reads() {
        return List.of();
    }

    @Override
    public List<Tensor> writes() {
        return List.of(lanes);
    }

    @Override
    public Cost cost() {
        return new Cost(
                2.0 * lanes.count() * iterations, lanes.bytes(), "2 per fused multiply-add");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.sum(Math.min(iterations, 4096), 1, DType.F32);
    }
}
