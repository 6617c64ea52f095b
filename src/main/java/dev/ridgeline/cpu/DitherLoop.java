package dev.ridgeline.cpu;

import dev.ridgeline.op.Dither;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.MemorySegment;

/// [Dither#round] on runs of elements, of which [Sweep#STEP] divides the number of the first.
final class DitherLoop {
    private static final IntVector LANES = IntVector.zero(Lanes.I32).addIndex(1);
    private static final int EXPONENT = 0x7f800000;

    private DitherLoop() {}

    /// @param start [Dither#start] of all of them
    /// @param first lower half of the number of the first
    static void narrow(
            MemorySegment f32,
            long f32At,
            MemorySegment bf16,
            long at,
            long count,
            int start,
            int first) {
        var wide = Lanes.known(f32);
        var half = Lanes.known(bf16);
        for (int i = 0; i < count; i += Lanes.COUNT) {
            var noise = mix(mix(LANES.add(first + i)).lanewise(VectorOperators.XOR, start));
            var bits = Lanes.loadF32(wide, f32At + i).reinterpretAsInts();
            var finite = bits.and(EXPONENT).compare(VectorOperators.NE, EXPONENT);
            var rounded =
                    bits.add(noise.lanewise(VectorOperators.LSHR, 16), finite)
                            .lanewise(VectorOperators.AND, 0xffff0000, finite);
            Lanes.storeBf16(rounded.reinterpretAsFloats(), half, at + i);
        }
    }

    private static IntVector mix(IntVector x) {
        var once = x.lanewise(VectorOperators.XOR, x.lanewise(VectorOperators.LSHR, 16));
        var twice = once.mul(0x7feb352d);
        var again = twice.lanewise(VectorOperators.XOR, twice.lanewise(VectorOperators.LSHR, 15));
        var last = again.mul(0x846ca68b);
        return last.lanewise(VectorOperators.XOR, last.lanewise(VectorOperators.LSHR, 16));
    }
}
