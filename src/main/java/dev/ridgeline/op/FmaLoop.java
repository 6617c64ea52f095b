package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// The compute ceiling: every lane i of `lanes` starts from `x = i mod 64` and runs `iterations`
/// rounds of the fused multiply-add `x = 3 · 5 + x` in a register, each waiting for the one before.
///
/// `lanes` is (n), f32. A device spreads the lanes over all its cores; n of a few thousand per core
/// fills any of them.
///
/// A round is exact in f32 while x stays below 2^24. So the result is `i mod 64 + 15 · iterations`
/// without any tolerance, and a round that was left out or done twice or a lane that was mixed up
/// shows at any number of iterations. The sum is the operand that changes, as in a matrix product:
/// x86 code for `x · a + b` would have to copy `b` every time. Where a compiler that knows the
/// factors would make an addition of it, a kernel takes them as arguments.
public record FmaLoop(Tensor lanes, long iterations) implements Op {
    /// The factors of a round.
    public static final float A = 3, B = 5;

    /// Different starting values.
    public static final int STARTS = 64;

    /// What keeps a round exact.
    public static final long MOST_ITERATIONS = 1L << 20;

    public FmaLoop {

        Require.rank("fma_loop", "lanes", lanes, 1);
        Require.dtype("fma_loop", "lanes", lanes, DType.F32);
        Require.that(
                iterations > 0 && iterations <= MOST_ITERATIONS,
                "fma_loop: iterations must be in [1, %d]: %d",
                MOST_ITERATIONS,
                iterations);
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
        return new Tolerance(0, 0);
    }
}
