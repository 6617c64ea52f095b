package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionTile.STRIDE;

import jdk.incubator.vector.FloatVector;

/// [AttentionTile#multiply] for AVX-512, which has 32 registers: 24 sums, 2 of b, and room for a.
final class AttentionTile12 {
    private AttentionTile12() {}

    /// `c = from + aᵀ · b` for a tile of 12 rows; `depth` rows of a and b.
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
        var l5 = FloatVector.fromArray(Lanes.F32, from, fo + 5 * STRIDE);
        var r5 = FloatVector.fromArray(Lanes.F32, from, fo + 5 * STRIDE + Lanes.COUNT);
        var l6 = FloatVector.fromArray(Lanes.F32, from, fo + 6 * STRIDE);
        var r6 = FloatVector.fromArray(Lanes.F32, from, fo + 6 * STRIDE + Lanes.COUNT);
        var l7 = FloatVector.fromArray(Lanes.F32, from, fo + 7 * STRIDE);
        var r7 = FloatVector.fromArray(Lanes.F32, from, fo + 7 * STRIDE + Lanes.COUNT);
        var l8 = FloatVector.fromArray(Lanes.F32, from, fo + 8 * STRIDE);
        var r8 = FloatVector.fromArray(Lanes.F32, from, fo + 8 * STRIDE + Lanes.COUNT);
        var l9 = FloatVector.fromArray(Lanes.F32, from, fo + 9 * STRIDE);
        var r9 = FloatVector.fromArray(Lanes.F32, from, fo + 9 * STRIDE + Lanes.COUNT);
        var l10 = FloatVector.fromArray(Lanes.F32, from, fo + 10 * STRIDE);
        var r10 = FloatVector.fromArray(Lanes.F32, from, fo + 10 * STRIDE + Lanes.COUNT);
        var l11 = FloatVector.fromArray(Lanes.F32, from, fo + 11 * STRIDE);
        var r11 = FloatVector.fromArray(Lanes.F32, from, fo + 11 * STRIDE + Lanes.COUNT);
        int toA = ao - bo;
        long end = bo + (long) depth * STRIDE;
        for (long row = bo; row < end; row += STRIDE) {
            int i = (int) row;
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
            var x5 = FloatVector.broadcast(Lanes.F32, a[j + 5]);
            l5 = x5.fma(left, l5);
            r5 = x5.fma(right, r5);
            var x6 = FloatVector.broadcast(Lanes.F32, a[j + 6]);
            l6 = x6.fma(left, l6);
            r6 = x6.fma(right, r6);
            var x7 = FloatVector.broadcast(Lanes.F32, a[j + 7]);
            l7 = x7.fma(left, l7);
            r7 = x7.fma(right, r7);
            var x8 = FloatVector.broadcast(Lanes.F32, a[j + 8]);
            l8 = x8.fma(left, l8);
            r8 = x8.fma(right, r8);
            var x9 = FloatVector.broadcast(Lanes.F32, a[j + 9]);
            l9 = x9.fma(left, l9);
            r9 = x9.fma(right, r9);
            var x10 = FloatVector.broadcast(Lanes.F32, a[j + 10]);
            l10 = x10.fma(left, l10);
            r10 = x10.fma(right, r10);
            var x11 = FloatVector.broadcast(Lanes.F32, a[j + 11]);
            l11 = x11.fma(left, l11);
            r11 = x11.fma(right, r11);
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
        l5.intoArray(c, co + 5 * STRIDE);
        r5.intoArray(c, co + 5 * STRIDE + Lanes.COUNT);
        l6.intoArray(c, co + 6 * STRIDE);
        r6.intoArray(c, co + 6 * STRIDE + Lanes.COUNT);
        l7.intoArray(c, co + 7 * STRIDE);
        r7.intoArray(c, co + 7 * STRIDE + Lanes.COUNT);
        l8.intoArray(c, co + 8 * STRIDE);
        r8.intoArray(c, co + 8 * STRIDE + Lanes.COUNT);
        l9.intoArray(c, co + 9 * STRIDE);
        r9.intoArray(c, co + 9 * STRIDE + Lanes.COUNT);
        l10.intoArray(c, co + 10 * STRIDE);
        r10.intoArray(c, co + 10 * STRIDE + Lanes.COUNT);
        l11.intoArray(c, co + 11 * STRIDE);
        r11.intoArray(c, co + 11 * STRIDE + Lanes.COUNT);
    }
}
