package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.GemmTranspose.LINES;
import static dev.ridgeline.cpu.GemmTranspose.SWAP_1;
import static dev.ridgeline.cpu.GemmTranspose.SWAP_2;
import static dev.ridgeline.cpu.GemmTranspose.SWAP_4;
import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.I32;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// [GemmTranspose] from array to array.
final class AttentionTranspose {
    private AttentionTranspose() {}

    /// `to[out + c * step + r] = from[at + r * line + c]` for r in `[0, rows)` and c in `[0,
    /// columns)`.
    ///
    /// @param rows a multiple of [GemmTranspose#LINES]
    /// @param step may be negative
    static void transpose(
            float[] from, int at, int line, int rows, int columns, float[] to, int out, int step) {
        int whole = LINES == 8 ? columns / COUNT * COUNT : 0;
        if (whole > 0) eights(from, at, line, rows, whole, to, out, step);
        for (int c = whole; c < columns; c++)
            for (int r = 0; r < rows; r++) to[out + c * step + r] = from[at + r * line + c];
    }

    private static void eights(
            float[] from, int at, int line, int rows, int columns, float[] to, int out, int step) {
        var lane = IntVector.zero(I32).addIndex(1);
        var one = lane.and(1).compare(VectorOperators.NE, 0).cast(F32);
        var two = lane.and(2).compare(VectorOperators.NE, 0).cast(F32);
        var four = lane.and(4).compare(VectorOperators.NE, 0).cast(F32);
        var low = lane.compare(VectorOperators.LT, 8).cast(F32);
        var high = lane.compare(VectorOperators.GE, 8).cast(F32);
        for (int r = 0; r < rows; r += 8) {
            for (int c = 0; c < columns; c += COUNT) {
                int i = at + r * line + c;
                int o = out + c * step + r;
                var a0 = FloatVector.fromArray(F32, from, i);
                var a1 = FloatVector.fromArray(F32, from, i + line);
                var a2 = FloatVector.fromArray(F32, from, i + 2 * line);
                var a3 = FloatVector.fromArray(F32, from, i + 3 * line);
                var a4 = FloatVector.fromArray(F32, from, i + 4 * line);
                var a5 = FloatVector.fromArray(F32, from, i + 5 * line);
                var a6 = FloatVector.fromArray(F32, from, i + 6 * line);
                var a7 = FloatVector.fromArray(F32, from, i + 7 * line);
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
                var d0 = c0.blend(c4.rearrange(SWAP_4), four);
                var d1 = c1.blend(c5.rearrange(SWAP_4), four);
                var d2 = c2.blend(c6.rearrange(SWAP_4), four);
                var d3 = c3.blend(c7.rearrange(SWAP_4), four);
                var d4 = c0.rearrange(SWAP_4).blend(c4, four);
                var d5 = c1.rearrange(SWAP_4).blend(c5, four);
                var d6 = c2.rearrange(SWAP_4).blend(c6, four);
                var d7 = c3.rearrange(SWAP_4).blend(c7, four);
                if (COUNT == 8) {
                    d0.intoArray(to, o);
                    d1.intoArray(to, o + step);
                    d2.intoArray(to, o + 2 * step);
                    d3.intoArray(to, o + 3 * step);
                    d4.intoArray(to, o + 4 * step);
                    d5.intoArray(to, o + 5 * step);
                    d6.intoArray(to, o + 6 * step);
                    d7.intoArray(to, o + 7 * step);
                } else {
                    d0.intoArray(to, o, low);
                    d1.intoArray(to, o + step, low);
                    d2.intoArray(to, o + 2 * step, low);
                    d3.intoArray(to, o + 3 * step, low);
                    d4.intoArray(to, o + 4 * step, low);
                    d5.intoArray(to, o + 5 * step, low);
                    d6.intoArray(to, o + 6 * step, low);
                    d7.intoArray(to, o + 7 * step, low);
                    int p = o + 8 * step - 8;
                    d0.intoArray(to, p, high);
                    d1.intoArray(to, p + step, high);
                    d2.intoArray(to, p + 2 * step, high);
                    d3.intoArray(to, p + 3 * step, high);
                    d4.intoArray(to, p + 4 * step, high);
                    d5.intoArray(to, p + 5 * step, high);
                    d6.intoArray(to, p + 6 * step, high);
                    d7.intoArray(to, p + 7 * step, high);
                }
            }
        }
    }
}
