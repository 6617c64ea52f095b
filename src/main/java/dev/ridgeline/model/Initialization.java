package dev.ridgeline.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.stream.LongStream;

/// Weights to begin with: matrices normal with standard deviation `sqrt(2 / (5 · width))` (arXiv
/// 1910.05895, section 2.2), which is GPT-2's 0.02 at a width of 1000 and more where a model is
/// narrow; those that write to the residual stream divided by `sqrt(2 · layers)`, as GPT-2 has
/// them; norms 1, biases 0.
///
/// Element i of parameter p comes from a counter-based generator (SplitMix64's finaliser over seed,
/// p and i), so it is the same on every machine.
final class Initialization {
    private static final long CHUNK = 1 << 16;

    private Initialization() {}

    static void fill(WeightTransfer transfer, Config config, long seed) {
        double deviation = Math.sqrt(0.4 / config.width());
        double residual = deviation / Math.sqrt(2.0 * config.layers());
        transfer.write(
                Memory.Kind.WEIGHTS,
                (role, number, parameter, memory) -> {
                    switch (role) {
                        case NORM_1, NORM_2, FINAL_NORM -> constant(memory, 1);
                        case NORM_1_BIAS,
                                NORM_2_BIAS,
                                FINAL_NORM_BIAS,
                                QKV_BIAS,
                                OUT_BIAS,
                                UP_BIAS,
                                DOWN_BIAS ->
                                constant(memory, 0);
                        case OUT, DOWN, EXPERTS_DOWN -> normal(memory, residual, seed, number);
                        case TOKENS, POSITIONS, QKV, UP, ROUTER, EXPERTS_UP, HEAD ->
                                normal(memory, deviation, seed, number);
                    }
                });
    }

    private static void constant(MemorySegment memory, float value) {
        for (long i = 0; i < memory.byteSize() / 4; i++) memory.setAtIndex(JAVA_FLOAT, i, value);
    }

    /// Box and Muller's transform of two uniform halves of 64 random bits; StrictMath, for the same
    /// bits everywhere.
    private static void normal(MemorySegment memory, double deviation, long seed, long number) {
        long key = mix(mix(seed) + number * 0x9e3779b97f4a7c15L);
        long count = memory.byteSize() / 4;
        LongStream.range(0, Math.ceilDiv(count, CHUNK))
                .parallel()
                .forEach(
                        c -> {
                            long to = Math.min(count, (c + 1) * CHUNK);
                            for (long i = c * CHUNK; i < to; i++)
                                memory.setAtIndex(
                                        JAVA_FLOAT, i, (float) (deviation * normal(key, i)));
                        });
    }

    private static double normal(long key, long i) {
        long bits = mix(key + i * 0x9e3779b97f4a7c15L);
        double radius = ((bits >>> 32) + 1) * 0x1p-32;
        double angle = 2 * Math.PI * (bits & 0xffffffffL) * 0x1p-32;
        return StrictMath.sqrt(-2 * StrictMath.log(radius)) * StrictMath.cos(angle);
    }

    /// SplitMix64's finaliser (Steele, Lea and Flood 2014; constants of Stafford's variant 13).
    static long mix(long z) {
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
