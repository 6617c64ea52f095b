package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionTile.STRIDE;

import jdk.incubator.vector.FloatVector;

/// [AttentionTile#multiply] for vectors with 16 registers: 10 sums and 2 of b leave 4 for a, which
/// is what the JIT keeps in flight. With a sixth row it spills two sums to memory and takes twice
/// as long.
final class AttentionTile5 {
    private AttentionTile5() {}

    /// `c = from + aᵀ · b` for a tile of 5 rows; `depth` rows of a and b.
    static void multiply(
            float[] a,
            int ao,
            float[] b,
            int bo,
            float[] from,
            int fo,
            float[] c,
            int co,
            int depth) {
        var l0 = FloatVector.fromArray(Lanes.F32, from, fo);
        var r0 = FloatVector.fromArray(Lanes.F32, from, fo + Lanes.COUNT);
        var l1 = FloatVector.fromArray(Lanes.F32, from, fo + STRIDE);
        var r1 = FloatVector.fromArray(Lanes.F32, from, fo + STRIDE + Lanes.COUNT);
        var l2 = FloatVector.fromArray(Lanes.F32, from, fo + 2 * STRIDE);
        var r2 = FloatVector.fromArray(Lanes.F32, from, fo + 2 * STRIDE + Lanes.COUNT);
        var l3 = FloatVector.fromArray(Lanes.F32, from, fo + 3 * STRIDE);
        var r3 = FloatVector.fromArray(Lanes.F32, from, fo + 3 * STRIDE + Lanes.COUNT);
        var l4 = FloatVector.fromArray(Lanes.F32, from, fo + 4 * STRIDE);
        var r4 = FloatVector.fromArray(Lanes.F32, from, fo + 4 * STRIDE + Lanes.COUNT);
        int toA = ao - bo;
        int end = bo + depth * STRIDE;
        for (int i = bo; i < end; i += STRIDE) {
            int j = i + toA;
            var left = FloatVector.fromArray(Lanes.F32, b, i);
            var right = FloatVector.fromArray(Lanes.F32, b, i + Lanes.COUNT);
            var x0 = FloatVector.broadcast(Lanes.F32, a[j]);
            l0 = x0.fma(left, l0);
            r0 = x0.fma(right, r0);
            var x1 = FloatVector.broadcast(Lanes.F32, a[j + 1]);
            l1 = x1.fma(left, l1);
            r1 = x1.fma(right, r1);
            var x2 = FloatVector.broadcast(Lanes.F32, a[j + 2]);
            l2 = x2.fma(left, l2);
            r2 = x2.fma(right, r2);
            var x3 = FloatVector.broadcast(Lanes.F32, a[j + 3]);
            l3 = x3.fma(left, l3);
            r3 = x3.fma(right, r3);
            var x4 = FloatVector.broadcast(Lanes.F32, a[j + 4]);
            l4 = x4.fma(left, l4);
            r4 = x4.fma(right, r4);
        }
        l0.intoArray(c, co);
        r0.intoArray(c, co + Lanes.COUNT);
        l1.intoArray(c, co + STRIDE);
        r1.intoArray(c, co + STRIDE + Lanes.COUNT);
        l2.intoArray(c, co + 2 * STRIDE);
        r2.intoArray(c, co + 2 * STRIDE + Lanes.COUNT);
        l3.intoArray(c, co + 3 * STRIDE);
        r3.intoArray(c, co + 3 * STRIDE + Lanes.COUNT);
        l4.intoArray(c, co + 4 * STRIDE);
        r4.intoArray(c, co + 4 * STRIDE + Lanes.COUNT);
    }
}
