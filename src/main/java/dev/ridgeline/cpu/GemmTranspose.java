package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.I32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

import java.lang.foreign.MemorySegment;

/// Turns a few lines of f32 into as many columns: what packing does to an operand whose innermost
/// axis is the one that is summed over.
///
/// In vectors of the width that all others have. When this had a width of its own, and was hot, C2
/// put the vectors of loops elsewhere on the heap: the loop that measures the ceiling ran 25 times
/// slower.
final class GemmTranspose {
    /// Lines at a time.
    static final int LINES = COUNT >= 8 ? 8 : 4;

    static final VectorShuffle<Float> SWAP_1 = swap(1);
    static final VectorShuffle<Float> SWAP_2 = swap(2);
    static final VectorShuffle<Float> SWAP_4 = swap(4);

    private GemmTranspose() {}

    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(F32, lane -> distance < COUNT ? lane ^ distance : lane);
    }

    /// `into[at + k * step + r] = memory[from + r * line + k]` for k in `[0, kc)` and r in `[0,
    /// LINES)`.
    static void transpose(
            MemorySegment memory, long from, long line, int kc, float[] into, int at, int step) {
        var known = Lanes.known(memory);
        int k = LINES == 8 ? eights(known, from, line, kc, into, at, step) : 0;
        for (; k < kc; k++)
            for (int r = 0; r < LINES; r++)
                into[at + k * step + r] = known.getAtIndex(JAVA_FLOAT, from + r * line + k);
    }

    /// Blocks of 8 by 8, two side by side in 512 bits, in three steps: lines 1, then 2, then 4
    /// apart exchange what is off the diagonal of a block of twice that size.
    ///
    /// @return how many of the `kc` are done
    private static int eights(
            MemorySegment memory, long from, long line, int kc, float[] into, int at, int step) {
        var lane = IntVector.zero(I32).addIndex(1);
        var one = lane.and(1).compare(VectorOperators.NE, 0).cast(F32);
        var two = lane.and(2).compare(VectorOperators.NE, 0).cast(F32);
        var four = lane.and(4).compare(VectorOperators.NE, 0).cast(F32);
        var low = lane.compare(VectorOperators.LT, 8).cast(F32);
        var high = lane.compare(VectorOperators.GE, 8).cast(F32);
        int k = 0;
        for (; k <= kc - COUNT; k += COUNT) {
            long i = from + k << 2;
            long next = line << 2;
            var a0 = FloatVector.fromMemorySegment(F32, memory, i, LE);
            var a1 = FloatVector.fromMemorySegment(F32, memory, i + next, LE);
            var a2 = FloatVector.fromMemorySegment(F32, memory, i + 2 * next, LE);
            var a3 = FloatVector.fromMemorySegment(F32, memory, i + 3 * next, LE);
            var a4 = FloatVector.fromMemorySegment(F32, memory, i + 4 * next, LE);
            var a5 = FloatVector.fromMemorySegment(F32, memory, i + 5 * next, LE);
            var a6 = FloatVector.fromMemorySegment(F32, memory, i + 6 * next, LE);
            var a7 = FloatVector.fromMemorySegment(F32, memory, i + 7 * next, LE);
            var b0 = a0.blend(a1.rearrange(SWAP_1), one);
            var b1 = a0.rearrange(SWAP_1).blend(a1, one);
            var b2 = a2.blend(a3.rearrange(SWAP_1), one);
            var b3 = a2.rearrange(SWAP_1).blend(a3, one);
            var b4 = a4.blend(a5.rearrange(SWAP_1), one);
            var b5 = a4.rearrange(SWAP_1).blend(a5, one);
            var b6 = a6.blend(a7.rearrange(SWAP_1), one);
            var b7 = a6.rearrange(SWAP_1).blend(a7, one);
            var c0 = b0.blend(b2.rearrange(SWAP_2), two);
            var c2 = b0.rearrange(SWAP_2).blend(b2, two);
            var c1 = b1.blend(b3.rearrange(SWAP_2), two);
            var c3 = b1.rearrange(SWAP_2).blend(b3, two);
            var c4 = b4.blend(b6.rearrange(SWAP_2), two);
            var c6 = b4.rearrange(SWAP_2).blend(b6, two);
            var c5 = b5.blend(b7.rearrange(SWAP_2), two);
            var c7 = b5.rearrange(SWAP_2).blend(b7, two);
            int to = at + k * step;
            var d0 = c0.blend(c4.rearrange(SWAP_4), four);
            var d1 = c1.blend(c5.rearrange(SWAP_4), four);
            var d2 = c2.blend(c6.rearrange(SWAP_4), four);
            var d3 = c3.blend(c7.rearrange(SWAP_4), four);
            var d4 = c0.rearrange(SWAP_4).blend(c4, four);
            var d5 = c1.rearrange(SWAP_4).blend(c5, four);
            var d6 = c2.rearrange(SWAP_4).blend(c6, four);
            var d7 = c3.rearrange(SWAP_4).blend(c7, four);
            if (COUNT == 8) {
                d0.intoArray(into, to);
                d1.intoArray(into, to + step);
                d2.intoArray(into, to + 2 * step);
                d3.intoArray(into, to + 3 * step);
                d4.intoArray(into, to + 4 * step);
                d5.intoArray(into, to + 5 * step);
                d6.intoArray(into, to + 6 * step);
                d7.intoArray(into, to + 7 * step);
            } else {
                d0.intoArray(into, to, low);
                d1.intoArray(into, to + step, low);
                d2.intoArray(into, to + 2 * step, low);
                d3.intoArray(into, to + 3 * step, low);
                d4.intoArray(into, to + 4 * step, low);
                d5.intoArray(into, to + 5 * step, low);
                d6.intoArray(into, to + 6 * step, low);
                d7.intoArray(into, to + 7 * step, low);
                int p = to + 8 * step - 8;
                d0.intoArray(into, p, high);
                d1.intoArray(into, p + step, high);
                d2.intoArray(into, p + 2 * step, high);
                d3.intoArray(into, p + 3 * step, high);
                d4.intoArray(into, p + 4 * step, high);
                d5.intoArray(into, p + 5 * step, high);
                d6.intoArray(into, p + 6 * step, high);
                d7.intoArray(into, p + 7 * step, high);
            }
        }
        return k;
    }
}
