package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionTile.STRIDE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Transposes slabs in blocks of as many rows as a vector has lanes, without a shuffle: what moves
/// by s lanes is loaded from s elements away, which costs nothing but the load, and blended.
///
/// Groups of 4 rows come first; then, for s = 4 and 8 as far as there are lanes, rows s apart
/// exchange what is off the diagonal. The last step writes a block where it belongs. As in
/// [AttentionTile], the loops call nothing but the Vector API.
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
        if (Lanes.COUNT == 16) exchange(work, rows, columns, 4, work, 0, false);
        exchange(work, rows, columns, Lanes.COUNT / 2, to, b, true);
    }

    /// Transposes every 4 x 4.
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
                var even0 =
                        FloatVector.fromArray(Lanes.F32, from, a)
                                .blend(FloatVector.fromArray(Lanes.F32, from, a + STRIDE - 1), odd);
                var high0 =
                        FloatVector.fromArray(Lanes.F32, from, a + 2 * STRIDE - 2)
                                .blend(
                                        FloatVector.fromArray(Lanes.F32, from, a + 3 * STRIDE - 3),
                                        odd);
                even0.blend(high0, high).intoArray(to, b);
                var even1 =
                        FloatVector.fromArray(Lanes.F32, from, a + 1)
                                .blend(FloatVector.fromArray(Lanes.F32, from, a + STRIDE), odd);
                var high1 =
                        FloatVector.fromArray(Lanes.F32, from, a + 2 * STRIDE - 1)
                                .blend(
                                        FloatVector.fromArray(Lanes.F32, from, a + 3 * STRIDE - 2),
                                        odd);
                even1.blend(high1, high).intoArray(to, b + STRIDE);
                var even2 =
                        FloatVector.fromArray(Lanes.F32, from, a + 2)
                                .blend(FloatVector.fromArray(Lanes.F32, from, a + STRIDE + 1), odd);
                var high2 =
                        FloatVector.fromArray(Lanes.F32, from, a + 2 * STRIDE)
                                .blend(
                                        FloatVector.fromArray(Lanes.F32, from, a + 3 * STRIDE - 1),
                                        odd);
                even2.blend(high2, high).intoArray(to, b + 2 * STRIDE);
                var even3 =
                        FloatVector.fromArray(Lanes.F32, from, a + 3)
                                .blend(FloatVector.fromArray(Lanes.F32, from, a + STRIDE + 2), odd);
                var high3 =
                        FloatVector.fromArray(Lanes.F32, from, a + 2 * STRIDE + 1)
                                .blend(FloatVector.fromArray(Lanes.F32, from, a + 3 * STRIDE), odd);
                even3.blend(high3, high).intoArray(to, b + 3 * STRIDE);
            }
        }
    }

    /// Transposes every 2 x 2 of s x s, 4 rows at a time.
    private static void exchange(
            float[] from, int rows, int columns, int s, float[] to, int target, boolean flip) {
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
                    var upper0 = FloatVector.fromArray(Lanes.F32, from, a);
                    var lower0 = FloatVector.fromArray(Lanes.F32, from, b);
                    var left0 = FloatVector.fromArray(Lanes.F32, from, a + s);
                    var right0 = FloatVector.fromArray(Lanes.F32, from, b - s);
                    upper0.blend(right0, odd).intoArray(to, c);
                    left0.blend(lower0, odd).intoArray(to, d);
                    var upper1 = FloatVector.fromArray(Lanes.F32, from, a + STRIDE);
                    var lower1 = FloatVector.fromArray(Lanes.F32, from, b + STRIDE);
                    var left1 = FloatVector.fromArray(Lanes.F32, from, a + s + STRIDE);
                    var right1 = FloatVector.fromArray(Lanes.F32, from, b - s + STRIDE);
                    upper1.blend(right1, odd).intoArray(to, c + STRIDE);
                    left1.blend(lower1, odd).intoArray(to, d + STRIDE);
                    var upper2 = FloatVector.fromArray(Lanes.F32, from, a + 2 * STRIDE);
                    var lower2 = FloatVector.fromArray(Lanes.F32, from, b + 2 * STRIDE);
                    var left2 = FloatVector.fromArray(Lanes.F32, from, a + s + 2 * STRIDE);
                    var right2 = FloatVector.fromArray(Lanes.F32, from, b - s + 2 * STRIDE);
                    upper2.blend(right2, odd).intoArray(to, c + 2 * STRIDE);
                    left2.blend(lower2, odd).intoArray(to, d + 2 * STRIDE);
                    var upper3 = FloatVector.fromArray(Lanes.F32, from, a + 3 * STRIDE);
                    var lower3 = FloatVector.fromArray(Lanes.F32, from, b + 3 * STRIDE);
                    var left3 = FloatVector.fromArray(Lanes.F32, from, a + s + 3 * STRIDE);
                    var right3 = FloatVector.fromArray(Lanes.F32, from, b - s + 3 * STRIDE);
                    upper3.blend(right3, odd).intoArray(to, c + 3 * STRIDE);
                    left3.blend(lower3, odd).intoArray(to, d + 3 * STRIDE);
                }
            }
        }
    }
}
