package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.GemmTranspose.F128;
import static dev.ridgeline.cpu.GemmTranspose.LINES;
import static dev.ridgeline.cpu.GemmTranspose.SWAP_1;
import static dev.ridgeline.cpu.GemmTranspose.SWAP_2;

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
        int whole = columns / LINES * LINES;
        blocks(from, at, line, rows, whole, to, out, step);
        for (int c = whole; c < columns; c++)
            for (int r = 0; r < rows; r++) to[out + c * step + r] = from[at + r * line + c];
    }

    private static void blocks(
            float[] from, int at, int line, int rows, int columns, float[] to, int out, int step) {
        var lane = IntVector.zero(IntVector.SPECIES_128).addIndex(1);
        var one = lane.and(1).compare(VectorOperators.NE, 0).cast(F128);
        var two = lane.and(2).compare(VectorOperators.NE, 0).cast(F128);
        for (int r = 0; r < rows; r += LINES) {
            for (int c = 0; c < columns; c += LINES) {
                int i = at + r * line + c;
                int o = out + c * step + r;
                var a0 = FloatVector.fromArray(F128, from, i);
                var a1 = FloatVector.fromArray(F128, from, i + line);
                var a2 = FloatVector.fromArray(F128, from, i + 2 * line);
                var a3 = FloatVector.fromArray(F128, from, i + 3 * line);
                var b0 = a0.blend(a1.rearrange(SWAP_1), one);
                var b1 = a0.rearrange(SWAP_1).blend(a1, one);
                var b2 = a2.blend(a3.rearrange(SWAP_1), one);
                var b3 = a2.rearrange(SWAP_1).blend(a3, one);
                b0.blend(b2.rearrange(SWAP_2), two).intoArray(to, o);
                b1.blend(b3.rearrange(SWAP_2), two).intoArray(to, o + step);
                b0.rearrange(SWAP_2).blend(b2, two).intoArray(to, o + 2 * step);
                b1.rearrange(SWAP_2).blend(b3, two).intoArray(to, o + 3 * step);
            }
        }
    }
}
