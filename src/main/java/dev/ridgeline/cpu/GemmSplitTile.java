package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.GemmTile.WIDTH;
import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;

import jdk.incubator.vector.FloatVector;

/// [GemmTile] for 256-bit vectors, with fewer instructions: `y` is an array for each of its two
/// vectors, so that one index serves all, and three depths are a turn.
///
/// | panel   | shape                   | layout     |
/// |---------|-------------------------|------------|
/// | `x`     | (kc, [GemmTile#X_STEP]) | contiguous |
/// | `a`,`b` | (kc, COUNT)             | contiguous |
/// | `t`     | (5, WIDTH)              | contiguous |
///
/// kc is a multiple of 3. A turn has 54 micro-operations for 30 multiply-adds, where that of
/// [GemmTile] has 41 for 20; on a core whose other hardware thread is busy, their number is what
/// bounds both. A comparison that never holds stands between two depths, because C2 moves no load
/// across it: it would load so many ahead that sums leave their registers.
final class GemmSplitTile {
    /// Whether it is for this width.
    static final boolean USED = COUNT == 8;

    /// Arrays of a panel of `y`, this tile's or [GemmTile]'s.
    static final int PARTS = USED ? 2 : 1;

    /// Depths of a turn, this tile's or [GemmTile]'s.
    static final int TURN = USED ? 3 : 2;

    private GemmSplitTile() {}

    /// Computes `t += x · (a b)`.
    static void multiply(float[] x, float[] a, float[] b, float[] t, int kc) {
        var c0a = FloatVector.fromArray(F32, t, 0);
        var c0b = FloatVector.fromArray(F32, t, COUNT);
        var c1a = FloatVector.fromArray(F32, t, WIDTH);
        var c1b = FloatVector.fromArray(F32, t, WIDTH + COUNT);
        var c2a = FloatVector.fromArray(F32, t, 2 * WIDTH);
        var c2b = FloatVector.fromArray(F32, t, 2 * WIDTH + COUNT);
        var c3a = FloatVector.fromArray(F32, t, 3 * WIDTH);
        var c3b = FloatVector.fromArray(F32, t, 3 * WIDTH + COUNT);
        var c4a = FloatVector.fromArray(F32, t, 4 * WIDTH);
        var c4b = FloatVector.fromArray(F32, t, 4 * WIDTH + COUNT);
        int end = kc * COUNT;
        int never = ~end;
        for (int i = 0; i < end; i += 3 * COUNT) {
            var a0 = FloatVector.fromArray(F32, a, i);
            var b0 = FloatVector.fromArray(F32, b, i);
            var x00 = FloatVector.broadcast(F32, x[i]);
            c0a = x00.fma(a0, c0a);
            c0b = x00.fma(b0, c0b);
            var x01 = FloatVector.broadcast(F32, x[i + 1]);
            c1a = x01.fma(a0, c1a);
            c1b = x01.fma(b0, c1b);
            var x02 = FloatVector.broadcast(F32, x[i + 2]);
            c2a = x02.fma(a0, c2a);
            c2b = x02.fma(b0, c2b);
            var x03 = FloatVector.broadcast(F32, x[i + 3]);
            c3a = x03.fma(a0, c3a);
            c3b = x03.fma(b0, c3b);
            var x04 = FloatVector.broadcast(F32, x[i + 4]);
            c4a = x04.fma(a0, c4a);
            c4b = x04.fma(b0, c4b);
            if (i == never) break;
            var a1 = FloatVector.fromArray(F32, a, i + COUNT);
            var b1 = FloatVector.fromArray(F32, b, i + COUNT);
            var x10 = FloatVector.broadcast(F32, x[i + COUNT]);
            c0a = x10.fma(a1, c0a);
            c0b = x10.fma(b1, c0b);
            var x11 = FloatVector.broadcast(F32, x[i + COUNT + 1]);
            c1a = x11.fma(a1, c1a);
            c1b = x11.fma(b1, c1b);
            var x12 = FloatVector.broadcast(F32, x[i + COUNT + 2]);
            c2a = x12.fma(a1, c2a);
            c2b = x12.fma(b1, c2b);
            var x13 = FloatVector.broadcast(F32, x[i + COUNT + 3]);
            c3a = x13.fma(a1, c3a);
            c3b = x13.fma(b1, c3b);
            var x14 = FloatVector.broadcast(F32, x[i + COUNT + 4]);
            c4a = x14.fma(a1, c4a);
            c4b = x14.fma(b1, c4b);
            if (i == never) break;
            var a2 = FloatVector.fromArray(F32, a, i + 2 * COUNT);
            var b2 = FloatVector.fromArray(F32, b, i + 2 * COUNT);
            var x20 = FloatVector.broadcast(F32, x[i + 2 * COUNT]);
            c0a = x20.fma(a2, c0a);
            c0b = x20.fma(b2, c0b);
            var x21 = FloatVector.broadcast(F32, x[i + 2 * COUNT + 1]);
            c1a = x21.fma(a2, c1a);
            c1b = x21.fma(b2, c1b);
            var x22 = FloatVector.broadcast(F32, x[i + 2 * COUNT + 2]);
            c2a = x22.fma(a2, c2a);
            c2b = x22.fma(b2, c2b);
            var x23 = FloatVector.broadcast(F32, x[i + 2 * COUNT + 3]);
            c3a = x23.fma(a2, c3a);
            c3b = x23.fma(b2, c3b);
            var x24 = FloatVector.broadcast(F32, x[i + 2 * COUNT + 4]);
            c4a = x24.fma(a2, c4a);
            c4b = x24.fma(b2, c4b);
        }
        c0a.intoArray(t, 0);
        c0b.intoArray(t, COUNT);
        c1a.intoArray(t, WIDTH);
        c1b.intoArray(t, WIDTH + COUNT);
        c2a.intoArray(t, 2 * WIDTH);
        c2b.intoArray(t, 2 * WIDTH + COUNT);
        c3a.intoArray(t, 3 * WIDTH);
        c3b.intoArray(t, 3 * WIDTH + COUNT);
        c4a.intoArray(t, 4 * WIDTH);
        c4b.intoArray(t, 4 * WIDTH + COUNT);
    }
}
