package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.GemmTranspose.F256;
import static dev.ridgeline.cpu.GemmTranspose.LINES;
import static dev.ridgeline.cpu.GemmTranspose.SWAP_1;
import static dev.ridgeline.cpu.GemmTranspose.SWAP_2;
import static dev.ridgeline.cpu.GemmTranspose.SWAP_4;

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
        int whole = LINES == 8 ? columns / 8 * 8 : 0;
        if (whole > 0) eights(from, at, line, rows, whole, to, out, step);
        for (int c = whole; c < columns; c++)
            for (int r = 0; r < rows; r++) to[out + c * step + r] = from[at + r * line + c];
    }

    private static void eights(
            float[] from, int at, int line, int rows, int columns, float[] to, int out, int step) {
        var lane = IntVector.zero(IntVector.SPECIES_256).addIndex(1);
        var one = lane.and(1).compare(VectorOperators.NE, 0).cast(F256);
        var two = lane.and(2).compare(VectorOperators.NE, 0).cast(F256);
        var four = lane.and(4).compare(VectorOperators.NE, 0).cast(F256);
        for (int r = 0; r < rows; r += 8) {
            for (int c = 0; c < columns; c += 8) {
                int i = at + r * line + c;
                int o = out + c * step + r;
                var a0 = FloatVector.fromArray(F256, from, i);
                var a1 = FloatVector.fromArray(F256, from, i + line);
                var a2 = FloatVector.fromArray(F256, from, i + 2 * line);
                var a3 = FloatVector.fromArray(F256, from, i + 3 * line);
                var a4 = FloatVector.fromArray(F256, from, i + 4 * line);
                var a5 = FloatVector.fromArray(F256, from, i + 5 * line);
                var a6 = FloatVector.fromArray(F256, from, i + 6 * line);
                var a7 = FloatVector.fromArray(F256, from, i + 7 * line);
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
                c0.blend(c4.rearrange(SWAP_4), four).intoArray(to, o);
                c0.rearrange(SWAP_4).blend(c4, four).intoArray(to, o + 4 * step);
                c1.blend(c5.rearrange(SWAP_4), four).intoArray(to, o + step);
                c1.rearrange(SWAP_4).blend(c5, four).intoArray(to, o + 5 * step);
                c2.blend(c6.rearrange(SWAP_4), four).intoArray(to, o + 2 * step);
                c2.rearrange(SWAP_4).blend(c6, four).intoArray(to, o + 6 * step);
                c3.blend(c7.rearrange(SWAP_4), four).intoArray(to, o + 3 * step);
                c3.rearrange(SWAP_4).blend(c7, four).intoArray(to, o + 7 * step);
            }
        }
    }
}
