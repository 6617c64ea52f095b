package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

import java.lang.foreign.MemorySegment;

/// Turns a few lines of f32 into as many columns: what packing does to an operand whose innermost
/// axis is the one that is summed over.
///
/// In vectors of 128 bits whatever the width of the others, because elements change places within
/// these in one micro-operation; across 256 bits it takes several.
final class GemmTranspose {
    /// Lines at a time.
    static final int LINES = 4;

    static final VectorSpecies<Float> F128 = FloatVector.SPECIES_128;
    static final VectorShuffle<Float> SWAP_1 = swap(1);
    static final VectorShuffle<Float> SWAP_2 = swap(2);
    private static final VectorSpecies<Integer> I128 = IntVector.SPECIES_128;

    private GemmTranspose() {}

    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(F128, lane -> lane ^ distance);
    }

    /// `into[at + k * step + r] = memory[from + r * line + k]` for k in `[0, kc)` and r in `[0,
    /// LINES)`.
    static void transpose(
            MemorySegment memory, long from, long line, int kc, float[] into, int at, int step) {
        int whole = kc / 4 * 4;
        blocks(memory, from, line, whole, into, at, step);
        for (int k = whole; k < kc; k++)
            for (int r = 0; r < LINES; r++)
                into[at + k * step + r] = memory.getAtIndex(JAVA_FLOAT, from + r * line + k);
    }

    /// The same for one line.
    static void spread(MemorySegment memory, long from, int kc, float[] into, int at, int step) {
        var known = Lanes.known(memory);
        for (int k = 0; k < kc; k++) into[at + k * step] = known.getAtIndex(JAVA_FLOAT, from + k);
    }

    /// Blocks of 4 by 4 in two steps: lines 1, then 2 apart exchange what is off the diagonal of a
    /// block of twice that size.
    private static void blocks(
            MemorySegment memory, long from, long line, int kc, float[] into, int at, int step) {
        var known = Lanes.known(memory);
        var lane = IntVector.zero(I128).addIndex(1);
        var one = lane.and(1).compare(VectorOperators.NE, 0).cast(F128);
        var two = lane.and(2).compare(VectorOperators.NE, 0).cast(F128);
        long next = line << 2;
        for (int k = 0; k < kc; k += 4) {
            long i = from + k << 2;
            var a0 = FloatVector.fromMemorySegment(F128, known, i, LE);
            var a1 = FloatVector.fromMemorySegment(F128, known, i + next, LE);
            var a2 = FloatVector.fromMemorySegment(F128, known, i + 2 * next, LE);
            var a3 = FloatVector.fromMemorySegment(F128, known, i + 3 * next, LE);
            var b0 = a0.blend(a1.rearrange(SWAP_1), one);
            var b1 = a0.rearrange(SWAP_1).blend(a1, one);
            var b2 = a2.blend(a3.rearrange(SWAP_1), one);
            var b3 = a2.rearrange(SWAP_1).blend(a3, one);
            int to = at + k * step;
            b0.blend(b2.rearrange(SWAP_2), two).intoArray(into, to);
            b1.blend(b3.rearrange(SWAP_2), two).intoArray(into, to + step);
            b0.rearrange(SWAP_2).blend(b2, two).intoArray(into, to + 2 * step);
            b1.rearrange(SWAP_2).blend(b3, two).intoArray(into, to + 3 * step);
        }
    }
}
