package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// The ceiling of matrix units: every element i of `sums` starts from `x = i mod 64` and gains the
/// dot product of [#depth] threes and as many fives in each of `iterations` rounds, each waiting
/// for the one before.
///
/// `sums` is (n), f32. The factors are bf16, f16, e4m3, or f32 as matrix units take them, rounded
/// to tf32, which three and five survive. As in [FmaLoop] everything is exact while x stays below
/// 2^24, so that a round left out or done twice shows. Units that multiply 8 bits may keep no more
/// than 14 bits of a sum, so there every other [#TURN] rounds take away what those before gave.
///
/// @param factors BF16, F16, F8_E4M3, or F32 for tf32
public record MmaLoop(Tensor sums, DType factors, long iterations) implements Op {
    /// What keeps a round exact.
    public static final long MOST_ITERATIONS = 1L << 16;

    /// Rounds of the same sign, of e4m3: no sum comes to 2^14.
    public static final int TURN = 32;

    public MmaLoop {
        Require.rank("mma_loop", "sums", sums, 1);
        Require.dtype("mma_loop", "sums", sums, DType.F32);
        Require.that(
                factors != DType.F8_E5M2 && factors != DType.I32,
                "mma_loop: factors must be bf16, f16, e4m3 or f32: %s",
                factors.label());
        Require.that(
                iterations > 0 && iterations <= MOST_ITERATIONS,
                "mma_loop: iterations must be in [1, %d]: %d",
                MOST_ITERATIONS,
                iterations);
    }

    /// Products that one instruction adds to an element: what 32 bytes of factors hold.
    public int depth() {
        return 32 / factors.bytes();
    }

    /// Rounds that add, less those that take away.
    public long gaining() {
        if (factors != DType.F8_E4M3) return iterations;
        long rest = iterations % (2 * TURN);
        return Math.min(rest, 2 * TURN - rest);
    }

    @Override
    public List<Tensor> reads() {
        return List.of();
    }

    @Override
    public List<Tensor> writes() {
        return List.of(sums);
    }

    @Override
    public Cost cost() {
        return new Cost(
                2.0 * depth() * sums.count() * iterations,
                sums.bytes(),
                "2 per fused multiply-add");
    }

    @Override
    public Tolerance tolerance(int output) {
        return new Tolerance(0, 0);
    }
}
