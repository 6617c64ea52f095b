package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionTile.STRIDE;
import static dev.ridgeline.cpu.AttentionVectors.SWAP_1;
import static dev.ridgeline.cpu.AttentionVectors.SWAP_2;
import static dev.ridgeline.cpu.AttentionVectors.SWAP_4;
import static dev.ridgeline.cpu.AttentionVectors.SWAP_8;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/// Transposes slabs in blocks of as many rows as a vector has lanes: for s = 1, 2, 4, 8, as far as
/// there are lanes, rows s apart exchange what is off the diagonal. The last step writes a block
/// where it belongs. As in [AttentionTile], the loops call nothing but the Vector API.
final class AttentionTranspose {
    private AttentionTranspose() {}

    /// `to[b + j * STRIDE + i] = from[a + i * STRIDE + j]` for i in `[0, rows)` and j in `[0,
    /// columns)`, both rounded up to whole vectors.
    ///
    /// @param work room for a slab
    static void transpose(
            float[] from, int a, int rows, int columns, float[] to, int b, float[] work) {
        if (Lanes.COUNT == 4) {
            quads(from, a, rows, columns, to, b, true);
            return;
        }
        quads(from, a, rows, columns, work, 0, false);
        boolean last = Lanes.COUNT == 8;
        exchange(work, rows, columns, 4, SWAP_4, last ? to : work, last ? b : 0, last);
        if (!last) exchange(work, rows, columns, 8, SWAP_8, to, b, true);
    }

    /// The steps s = 1 and 2: transposes every 4 x 4.
    ///
    /// @param flip to write block (i, j) of `Lanes.COUNT` at (j, i)
    private static void quads(
            float[] from, int source, int rows, int columns, float[] to, int target, boolean flip) {
        var lane = IntVector.zero(Lanes.I32).addIndex(1);
        var odd = lane.and(1).compare(VectorOperators.NE, 0).cast(Lanes.F32);
        var high = lane.and(2).compare(VectorOperators.NE, 0).cast(Lanes.F32);
        int end = AttentionTile.roundUp(rows, Lanes.COUNT);
        for (int i = 0; i < end; i += 4) {
            for (int j = 0; j < columns; j += Lanes.COUNT) {
                int a = source + i * STRIDE + j;
                int b = target + (flip ? j * STRIDE + i : i * STRIDE + j);
                var x0 = FloatVector.fromArray(Lanes.F32, from, a);
                var x1 = FloatVector.fromArray(Lanes.F32, from, a + STRIDE);
                var x2 = FloatVector.fromArray(Lanes.F32, from, a + 2 * STRIDE);
                var x3 = FloatVector.fromArray(Lanes.F32, from, a + 3 * STRIDE);
                var y0 = x0.blend(x1.rearrange(SWAP_1), odd);
                var y1 = x0.rearrange(SWAP_1).blend(x1, odd);
                var y2 = x2.blend(x3.rearrange(SWAP_1), odd);
                var y3 = x2.rearrange(SWAP_1).blend(x3, odd);
                y0.blend(y2.rearrange(SWAP_2), high).intoArray(to, b);
                y0.rearrange(SWAP_2).blend(y2, high).intoArray(to, b + 2 * STRIDE);
                y1.blend(y3.rearrange(SWAP_2), high).intoArray(to, b + STRIDE);
                y1.rearrange(SWAP_2).blend(y3, high).intoArray(to, b + 3 * STRIDE);
            }
        }
    }

    /// One step s, 4 rows at a time.
    ///
    /// @param swap of lanes s apart
    private static void exchange(
            float[] from,
            int rows,
            int columns,
            int s,
            VectorShuffle<Float> swap,
            float[] to,
            int target,
            boolean flip) {
        var lane = IntVector.zero(Lanes.I32).addIndex(1);
        var odd = lane.and(s).compare(VectorOperators.NE, 0).cast(Lanes.F32);
        for (int block = 0; block < rows; block += Lanes.COUNT) {
            for (int quad = 0; quad < Lanes.COUNT / 2; quad += 4) {
                int i = block + (quad & -s) * 2 + (quad & s - 1);
                for (int j = 0; j < columns; j += Lanes.COUNT) {
                    int a = i * STRIDE + j;
                    int b = a + s * STRIDE;
                    int c = target + (flip ? (i - block + j) * STRIDE + block : a);
                    int d = c + s * STRIDE;
                    var x0 = FloatVector.fromArray(Lanes.F32, from, a);
                    var y0 = FloatVector.fromArray(Lanes.F32, from, b);
                    x0.blend(y0.rearrange(swap), odd).intoArray(to, c);
                    x0.rearrange(swap).blend(y0, odd).intoArray(to, d);
                    var x1 = FloatVector.fromArray(Lanes.F32, from, a + STRIDE);
                    var y1 = FloatVector.fromArray(Lanes.F32, from, b + STRIDE);
                    x1.blend(y1.rearrange(swap), odd).intoArray(to, c + STRIDE);
                    x1.rearrange(swap).blend(y1, odd).intoArray(to, d + STRIDE);
                    var x2 = FloatVector.fromArray(Lanes.F32, from, a + 2 * STRIDE);
                    var y2 = FloatVector.fromArray(Lanes.F32, from, b + 2 * STRIDE);
                    x2.blend(y2.rearrange(swap), odd).intoArray(to, c + 2 * STRIDE);
                    x2.rearrange(swap).blend(y2, odd).intoArray(to, d + 2 * STRIDE);
                    var x3 = FloatVector.fromArray(Lanes.F32, from, a + 3 * STRIDE);
                    var y3 = FloatVector.fromArray(Lanes.F32, from, b + 3 * STRIDE);
                    x3.blend(y3.rearrange(swap), odd).intoArray(to, c + 3 * STRIDE);
                    x3.rearrange(swap).blend(y3, odd).intoArray(to, d + 3 * STRIDE);
                }
            }
        }
    }
}
