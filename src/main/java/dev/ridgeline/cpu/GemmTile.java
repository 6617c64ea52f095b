package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;

import jdk.incubator.vector.FloatVector;

/// The register tile of a matrix product: `t = x · y` for a few rows of `x` and two vectors' width
/// of `y`, every accumulator in a register.
///
/// | panel | shape          | layout                                                             |
/// |-------|----------------|--------------------------------------------------------------------|
/// | `x`   | (rows, kc)     | rows [#STRIDE] apart, so every broadcast is at a constant distance |
/// | `y`   | (kc, [#WIDTH]) | contiguous                                                         |
/// | `t`   | (rows, WIDTH)  | contiguous                                                         |
///
/// Written out by hand, because C2 keeps a vector in a register only where it is a local variable.
/// Two FMA pipes of latency 4 need 8 independent accumulators. With 16 registers that is also the
/// most that survives: C2 loads several broadcasts ahead, and with 10 or 12 accumulators spills
/// one, whose trip through memory then bounds the loop (measured: 4 rows 97 % of the FMA peak, 5
/// rows 73 %, 6 rows 42 %). With 32 registers 12 rows reach 97 %.
///
/// Panels are `float[]`: over memory segments the bounds and liveness checks are more virtual
/// registers than C1 has, and some launches of the JVM then never reach C2.
final class GemmTile {
    /// Columns of a tile.
    static final int WIDTH = 2 * COUNT;

    /// Rows of the tallest tile.
    static final int HEIGHT = COUNT >= 16 ? 12 : 4;

    /// Deepest panel.
    static final int DEPTH = COUNT >= 16 ? 768 : 384;

    /// Distance between rows of `x`: a cache line more than the deepest panel, or rows of a
    /// power-of-two depth would fall into the same cache sets.
    static final int STRIDE = DEPTH + 16;

    private GemmTile() {}

    /// Rows of the tile that starts `rows` above the end: the tallest that is not mostly waste.
    static int height(int rows) {
        return rows <= 4 ? 4 : rows <= 8 ? Math.min(8, HEIGHT) : HEIGHT;
    }

    /// Computes `height` rows of `t` from element `to`.
    static void multiply(
            int height, float[] x, int xo, float[] y, int yo, float[] t, int to, int kc) {
        switch (height) {
            case 4 -> rows4(x, xo, y, yo, t, to, kc);
            case 8 -> rows8(x, xo, y, yo, t, to, kc);
            case 12 -> rows12(x, xo, y, yo, t, to, kc);
            default -> throw new IllegalArgumentException("no tile of " + height + " rows");
        }
    }

    private static void rows4(float[] x, int xo, float[] y, int yo, float[] t, int to, int kc) {
        var c0a = FloatVector.zero(F32);
        var c0b = FloatVector.zero(F32);
        var c1a = FloatVector.zero(F32);
        var c1b = FloatVector.zero(F32);
        var c2a = FloatVector.zero(F32);
        var c2b = FloatVector.zero(F32);
        var c3a = FloatVector.zero(F32);
        var c3b = FloatVector.zero(F32);
        for (int k = 0; k < kc; k++) {
            var a = FloatVector.fromArray(F32, y, yo + k * WIDTH);
            var b = FloatVector.fromArray(F32, y, yo + k * WIDTH + COUNT);
            var x0 = FloatVector.broadcast(F32, x[xo + k]);
            c0a = x0.fma(a, c0a);
            c0b = x0.fma(b, c0b);
            var x1 = FloatVector.broadcast(F32, x[xo + k + STRIDE]);
            c1a = x1.fma(a, c1a);
            c1b = x1.fma(b, c1b);
            var x2 = FloatVector.broadcast(F32, x[xo + k + 2 * STRIDE]);
            c2a = x2.fma(a, c2a);
            c2b = x2.fma(b, c2b);
            var x3 = FloatVector.broadcast(F32, x[xo + k + 3 * STRIDE]);
            c3a = x3.fma(a, c3a);
            c3b = x3.fma(b, c3b);
        }
        c0a.intoArray(t, to);
        c0b.intoArray(t, to + COUNT);
        c1a.intoArray(t, to + WIDTH);
        c1b.intoArray(t, to + WIDTH + COUNT);
        c2a.intoArray(t, to + 2 * WIDTH);
        c2b.intoArray(t, to + 2 * WIDTH + COUNT);
        c3a.intoArray(t, to + 3 * WIDTH);
        c3b.intoArray(t, to + 3 * WIDTH + COUNT);
    }

    // the long counter in the taller tiles: with an int, C2 unrolls them under collectors without
    // loop strip mining, and the copies' broadcasts push accumulators out of registers
    private static void rows8(float[] x, int xo, float[] y, int yo, float[] t, int to, int kc) {
        var c0a = FloatVector.zero(F32);
        var c0b = FloatVector.zero(F32);
        var c1a = FloatVector.zero(F32);
        var c1b = FloatVector.zero(F32);
        var c2a = FloatVector.zero(F32);
        var c2b = FloatVector.zero(F32);
        var c3a = FloatVector.zero(F32);
        var c3b = FloatVector.zero(F32);
        var c4a = FloatVector.zero(F32);
        var c4b = FloatVector.zero(F32);
        var c5a = FloatVector.zero(F32);
        var c5b = FloatVector.zero(F32);
        var c6a = FloatVector.zero(F32);
        var c6b = FloatVector.zero(F32);
        var c7a = FloatVector.zero(F32);
        var c7b = FloatVector.zero(F32);
        for (long p = 0; p < kc; p++) {
            int k = (int) p;
            var a = FloatVector.fromArray(F32, y, yo + k * WIDTH);
            var b = FloatVector.fromArray(F32, y, yo + k * WIDTH + COUNT);
            var x0 = FloatVector.broadcast(F32, x[xo + k]);
            c0a = x0.fma(a, c0a);
            c0b = x0.fma(b, c0b);
            var x1 = FloatVector.broadcast(F32, x[xo + k + STRIDE]);
            c1a = x1.fma(a, c1a);
            c1b = x1.fma(b, c1b);
            var x2 = FloatVector.broadcast(F32, x[xo + k + 2 * STRIDE]);
            c2a = x2.fma(a, c2a);
            c2b = x2.fma(b, c2b);
            var x3 = FloatVector.broadcast(F32, x[xo + k + 3 * STRIDE]);
            c3a = x3.fma(a, c3a);
            c3b = x3.fma(b, c3b);
            var x4 = FloatVector.broadcast(F32, x[xo + k + 4 * STRIDE]);
            c4a = x4.fma(a, c4a);
            c4b = x4.fma(b, c4b);
            var x5 = FloatVector.broadcast(F32, x[xo + k + 5 * STRIDE]);
            c5a = x5.fma(a, c5a);
            c5b = x5.fma(b, c5b);
            var x6 = FloatVector.broadcast(F32, x[xo + k + 6 * STRIDE]);
            c6a = x6.fma(a, c6a);
            c6b = x6.fma(b, c6b);
            var x7 = FloatVector.broadcast(F32, x[xo + k + 7 * STRIDE]);
            c7a = x7.fma(a, c7a);
            c7b = x7.fma(b, c7b);
        }
        c0a.intoArray(t, to);
        c0b.intoArray(t, to + COUNT);
        c1a.intoArray(t, to + WIDTH);
        c1b.intoArray(t, to + WIDTH + COUNT);
        c2a.intoArray(t, to + 2 * WIDTH);
        c2b.intoArray(t, to + 2 * WIDTH + COUNT);
        c3a.intoArray(t, to + 3 * WIDTH);
        c3b.intoArray(t, to + 3 * WIDTH + COUNT);
        c4a.intoArray(t, to + 4 * WIDTH);
        c4b.intoArray(t, to + 4 * WIDTH + COUNT);
        c5a.intoArray(t, to + 5 * WIDTH);
        c5b.intoArray(t, to + 5 * WIDTH + COUNT);
        c6a.intoArray(t, to + 6 * WIDTH);
        c6b.intoArray(t, to + 6 * WIDTH + COUNT);
        c7a.intoArray(t, to + 7 * WIDTH);
        c7b.intoArray(t, to + 7 * WIDTH + COUNT);
    }

    private static void rows12(float[] x, int xo, float[] y, int yo, float[] t, int to, int kc) {
        var c0a = FloatVector.zero(F32);
        var c0b = FloatVector.zero(F32);
        var c1a = FloatVector.zero(F32);
        var c1b = FloatVector.zero(F32);
        var c2a = FloatVector.zero(F32);
        var c2b = FloatVector.zero(F32);
        var c3a = FloatVector.zero(F32);
        var c3b = FloatVector.zero(F32);
        var c4a = FloatVector.zero(F32);
        var c4b = FloatVector.zero(F32);
        var c5a = FloatVector.zero(F32);
        var c5b = FloatVector.zero(F32);
        var c6a = FloatVector.zero(F32);
        var c6b = FloatVector.zero(F32);
        var c7a = FloatVector.zero(F32);
        var c7b = FloatVector.zero(F32);
        var c8a = FloatVector.zero(F32);
        var c8b = FloatVector.zero(F32);
        var c9a = FloatVector.zero(F32);
        var c9b = FloatVector.zero(F32);
        var c10a = FloatVector.zero(F32);
        var c10b = FloatVector.zero(F32);
        var c11a = FloatVector.zero(F32);
        var c11b = FloatVector.zero(F32);
        for (long p = 0; p < kc; p++) {
            int k = (int) p;
            var a = FloatVector.fromArray(F32, y, yo + k * WIDTH);
            var b = FloatVector.fromArray(F32, y, yo + k * WIDTH + COUNT);
            var x0 = FloatVector.broadcast(F32, x[xo + k]);
            c0a = x0.fma(a, c0a);
            c0b = x0.fma(b, c0b);
            var x1 = FloatVector.broadcast(F32, x[xo + k + STRIDE]);
            c1a = x1.fma(a, c1a);
            c1b = x1.fma(b, c1b);
            var x2 = FloatVector.broadcast(F32, x[xo + k + 2 * STRIDE]);
            c2a = x2.fma(a, c2a);
            c2b = x2.fma(b, c2b);
            var x3 = FloatVector.broadcast(F32, x[xo + k + 3 * STRIDE]);
            c3a = x3.fma(a, c3a);
            c3b = x3.fma(b, c3b);
            var x4 = FloatVector.broadcast(F32, x[xo + k + 4 * STRIDE]);
            c4a = x4.fma(a, c4a);
            c4b = x4.fma(b, c4b);
            var x5 = FloatVector.broadcast(F32, x[xo + k + 5 * STRIDE]);
            c5a = x5.fma(a, c5a);
            c5b = x5.fma(b, c5b);
            var x6 = FloatVector.broadcast(F32, x[xo + k + 6 * STRIDE]);
            c6a = x6.fma(a, c6a);
            c6b = x6.fma(b, c6b);
            var x7 = FloatVector.broadcast(F32, x[xo + k + 7 * STRIDE]);
            c7a = x7.fma(a, c7a);
            c7b = x7.fma(b, c7b);
            var x8 = FloatVector.broadcast(F32, x[xo + k + 8 * STRIDE]);
            c8a = x8.fma(a, c8a);
            c8b = x8.fma(b, c8b);
            var x9 = FloatVector.broadcast(F32, x[xo + k + 9 * STRIDE]);
            c9a = x9.fma(a, c9a);
            c9b = x9.fma(b, c9b);
            var x10 = FloatVector.broadcast(F32, x[xo + k + 10 * STRIDE]);
            c10a = x10.fma(a, c10a);
            c10b = x10.fma(b, c10b);
            var x11 = FloatVector.broadcast(F32, x[xo + k + 11 * STRIDE]);
            c11a = x11.fma(a, c11a);
            c11b = x11.fma(b, c11b);
        }
        c0a.intoArray(t, to);
        c0b.intoArray(t, to + COUNT);
        c1a.intoArray(t, to + WIDTH);
        c1b.intoArray(t, to + WIDTH + COUNT);
        c2a.intoArray(t, to + 2 * WIDTH);
        c2b.intoArray(t, to + 2 * WIDTH + COUNT);
        c3a.intoArray(t, to + 3 * WIDTH);
        c3b.intoArray(t, to + 3 * WIDTH + COUNT);
        c4a.intoArray(t, to + 4 * WIDTH);
        c4b.intoArray(t, to + 4 * WIDTH + COUNT);
        c5a.intoArray(t, to + 5 * WIDTH);
        c5b.intoArray(t, to + 5 * WIDTH + COUNT);
        c6a.intoArray(t, to + 6 * WIDTH);
        c6b.intoArray(t, to + 6 * WIDTH + COUNT);
        c7a.intoArray(t, to + 7 * WIDTH);
        c7b.intoArray(t, to + 7 * WIDTH + COUNT);
        c8a.intoArray(t, to + 8 * WIDTH);
        c8b.intoArray(t, to + 8 * WIDTH + COUNT);
        c9a.intoArray(t, to + 9 * WIDTH);
        c9b.intoArray(t, to + 9 * WIDTH + COUNT);
        c10a.intoArray(t, to + 10 * WIDTH);
        c10b.intoArray(t, to + 10 * WIDTH + COUNT);
        c11a.intoArray(t, to + 11 * WIDTH);
        c11b.intoArray(t, to + 11 * WIDTH + COUNT);
    }
}
