package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;

import jdk.incubator.vector.FloatVector;

/// The register tile of a matrix product: `t += x · y` for a few rows of `x` and two vectors' width
/// of `y`, every accumulator in a register.
///
/// | panel | shape           | layout                                                     |
/// |-------|-----------------|------------------------------------------------------------|
/// | `x`   | (kc, [#X_STEP]) | contiguous; of each line the first `height` elements count |
/// | `y`   | (kc, [#WIDTH])  | contiguous                                                 |
/// | `t`   | (height, WIDTH) | contiguous                                                 |
///
/// kc is even. `x` and `y` start at element 0 of their arrays.
///
/// Written out by hand, because C2 keeps a vector in a register only where it is a local variable.
/// Two FMA pipes of latency 4 need 8 independent accumulators, and a few more for slack. With 16
/// registers 5 rows fit: 10 sums, 2 of `y`, and the broadcasts that C2 loads ahead. It loads fewer
/// ahead, and spills no sum, where the index into `x` is shifted and computed first, which is why a
/// line of `x` is half as long as one of `y`. A spilled sum bounds the loop by its trip through
/// memory: 40 % of the FMA peak instead of 97 %, measured on Zen 3 for most other ways to write
/// this. Two depths per turn cost no speed on a quiet core and give 10 to 25 % when its other
/// hardware thread is busy. With 32 registers 12 rows fit.
///
/// Panels are `float[]`: over memory segments the bounds and liveness checks are more virtual
/// registers than C1 has, and some launches of the JVM then never reach C2. An offset into them is
/// a register more and makes C2 spill, as does an array to start from other than `t`.
final class GemmTile {
    /// Columns of a tile.
    static final int WIDTH = 2 * COUNT;

    /// Elements between neighbouring depths of `x`.
    static final int X_STEP = COUNT;

    /// Rows of the tallest tile.
    static final int HEIGHT = COUNT >= 16 ? 12 : COUNT == 8 ? 5 : 4;

    /// Deepest panel.
    static final int DEPTH = 768;

    private GemmTile() {}

    /// Rows of the tile that starts `rows` above the end: the least tall that takes them all, or
    /// the tallest.
    static int height(int rows) {
        return rows <= 4 ? 4 : rows <= 8 ? Math.min(8, HEIGHT) : HEIGHT;
    }

    /// Computes `height` rows of `t += x · y`.
    ///
    /// @param to where the tile starts in `t`
    static void multiply(int height, float[] x, float[] y, float[] t, int to, int kc) {
        switch (height) {
            case 4 -> rows4(x, y, t, to, kc);
            case 5 -> rows5(x, y, t, to, kc);
            case 8 -> rows8(x, y, t, to, kc);
            case 12 -> rows12(x, y, t, to, kc);
            default -> throw new IllegalArgumentException("no tile of " + height + " rows");
        }
    }

    private static void rows4(float[] x, float[] y, float[] t, int to, int kc) {
        var c0a = FloatVector.fromArray(F32, t, to);
        var c0b = FloatVector.fromArray(F32, t, to + COUNT);
        var c1a = FloatVector.fromArray(F32, t, to + WIDTH);
        var c1b = FloatVector.fromArray(F32, t, to + WIDTH + COUNT);
        var c2a = FloatVector.fromArray(F32, t, to + 2 * WIDTH);
        var c2b = FloatVector.fromArray(F32, t, to + 2 * WIDTH + COUNT);
        var c3a = FloatVector.fromArray(F32, t, to + 3 * WIDTH);
        var c3b = FloatVector.fromArray(F32, t, to + 3 * WIDTH + COUNT);
        int end = kc * WIDTH;
        for (int j = 0; j < end; j += 2 * WIDTH) {
            int i = j >>> 1;
            var a = FloatVector.fromArray(F32, y, j);
            var b = FloatVector.fromArray(F32, y, j + COUNT);
            var x0 = FloatVector.broadcast(F32, x[i]);
            c0a = x0.fma(a, c0a);
            c0b = x0.fma(b, c0b);
            var x1 = FloatVector.broadcast(F32, x[i + 1]);
            c1a = x1.fma(a, c1a);
            c1b = x1.fma(b, c1b);
            var x2 = FloatVector.broadcast(F32, x[i + 2]);
            c2a = x2.fma(a, c2a);
            c2b = x2.fma(b, c2b);
            var x3 = FloatVector.broadcast(F32, x[i + 3]);
            c3a = x3.fma(a, c3a);
            c3b = x3.fma(b, c3b);
            var d = FloatVector.fromArray(F32, y, j + WIDTH);
            var e = FloatVector.fromArray(F32, y, j + WIDTH + COUNT);
            var z0 = FloatVector.broadcast(F32, x[i + X_STEP]);
            c0a = z0.fma(d, c0a);
            c0b = z0.fma(e, c0b);
            var z1 = FloatVector.broadcast(F32, x[i + X_STEP + 1]);
            c1a = z1.fma(d, c1a);
            c1b = z1.fma(e, c1b);
            var z2 = FloatVector.broadcast(F32, x[i + X_STEP + 2]);
            c2a = z2.fma(d, c2a);
            c2b = z2.fma(e, c2b);
            var z3 = FloatVector.broadcast(F32, x[i + X_STEP + 3]);
            c3a = z3.fma(d, c3a);
            c3b = z3.fma(e, c3b);
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

    private static void rows5(float[] x, float[] y, float[] t, int to, int kc) {
        var c0a = FloatVector.fromArray(F32, t, to);
        var c0b = FloatVector.fromArray(F32, t, to + COUNT);
        var c1a = FloatVector.fromArray(F32, t, to + WIDTH);
        var c1b = FloatVector.fromArray(F32, t, to + WIDTH + COUNT);
        var c2a = FloatVector.fromArray(F32, t, to + 2 * WIDTH);
        var c2b = FloatVector.fromArray(F32, t, to + 2 * WIDTH + COUNT);
        var c3a = FloatVector.fromArray(F32, t, to + 3 * WIDTH);
        var c3b = FloatVector.fromArray(F32, t, to + 3 * WIDTH + COUNT);
        var c4a = FloatVector.fromArray(F32, t, to + 4 * WIDTH);
        var c4b = FloatVector.fromArray(F32, t, to + 4 * WIDTH + COUNT);
        int end = kc * WIDTH;
        for (int j = 0; j < end; j += 2 * WIDTH) {
            int i = j >>> 1;
            var a = FloatVector.fromArray(F32, y, j);
            var b = FloatVector.fromArray(F32, y, j + COUNT);
            var x0 = FloatVector.broadcast(F32, x[i]);
            c0a = x0.fma(a, c0a);
            c0b = x0.fma(b, c0b);
            var x1 = FloatVector.broadcast(F32, x[i + 1]);
            c1a = x1.fma(a, c1a);
            c1b = x1.fma(b, c1b);
            var x2 = FloatVector.broadcast(F32, x[i + 2]);
            c2a = x2.fma(a, c2a);
            c2b = x2.fma(b, c2b);
            var x3 = FloatVector.broadcast(F32, x[i + 3]);
            c3a = x3.fma(a, c3a);
            c3b = x3.fma(b, c3b);
            var x4 = FloatVector.broadcast(F32, x[i + 4]);
            c4a = x4.fma(a, c4a);
            c4b = x4.fma(b, c4b);
            var d = FloatVector.fromArray(F32, y, j + WIDTH);
            var e = FloatVector.fromArray(F32, y, j + WIDTH + COUNT);
            var z0 = FloatVector.broadcast(F32, x[i + X_STEP]);
            c0a = z0.fma(d, c0a);
            c0b = z0.fma(e, c0b);
            var z1 = FloatVector.broadcast(F32, x[i + X_STEP + 1]);
            c1a = z1.fma(d, c1a);
            c1b = z1.fma(e, c1b);
            var z2 = FloatVector.broadcast(F32, x[i + X_STEP + 2]);
            c2a = z2.fma(d, c2a);
            c2b = z2.fma(e, c2b);
            var z3 = FloatVector.broadcast(F32, x[i + X_STEP + 3]);
            c3a = z3.fma(d, c3a);
            c3b = z3.fma(e, c3b);
            var z4 = FloatVector.broadcast(F32, x[i + X_STEP + 4]);
            c4a = z4.fma(d, c4a);
            c4b = z4.fma(e, c4b);
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
    }

    // A long counter in the taller tiles: with an int, C2 unrolls them under collectors without
    // loop strip mining, and the copies' broadcasts push accumulators out of registers.
    private static void rows8(float[] x, float[] y, float[] t, int to, int kc) {
        var c0a = FloatVector.fromArray(F32, t, to);
        var c0b = FloatVector.fromArray(F32, t, to + COUNT);
        var c1a = FloatVector.fromArray(F32, t, to + WIDTH);
        var c1b = FloatVector.fromArray(F32, t, to + WIDTH + COUNT);
        var c2a = FloatVector.fromArray(F32, t, to + 2 * WIDTH);
        var c2b = FloatVector.fromArray(F32, t, to + 2 * WIDTH + COUNT);
        var c3a = FloatVector.fromArray(F32, t, to + 3 * WIDTH);
        var c3b = FloatVector.fromArray(F32, t, to + 3 * WIDTH + COUNT);
        var c4a = FloatVector.fromArray(F32, t, to + 4 * WIDTH);
        var c4b = FloatVector.fromArray(F32, t, to + 4 * WIDTH + COUNT);
        var c5a = FloatVector.fromArray(F32, t, to + 5 * WIDTH);
        var c5b = FloatVector.fromArray(F32, t, to + 5 * WIDTH + COUNT);
        var c6a = FloatVector.fromArray(F32, t, to + 6 * WIDTH);
        var c6b = FloatVector.fromArray(F32, t, to + 6 * WIDTH + COUNT);
        var c7a = FloatVector.fromArray(F32, t, to + 7 * WIDTH);
        var c7b = FloatVector.fromArray(F32, t, to + 7 * WIDTH + COUNT);
        int end = kc * WIDTH;
        for (long p = 0; p < end; p += WIDTH) {
            int j = (int) p;
            int i = j >>> 1;
            var a = FloatVector.fromArray(F32, y, j);
            var b = FloatVector.fromArray(F32, y, j + COUNT);
            var x0 = FloatVector.broadcast(F32, x[i]);
            c0a = x0.fma(a, c0a);
            c0b = x0.fma(b, c0b);
            var x1 = FloatVector.broadcast(F32, x[i + 1]);
            c1a = x1.fma(a, c1a);
            c1b = x1.fma(b, c1b);
            var x2 = FloatVector.broadcast(F32, x[i + 2]);
            c2a = x2.fma(a, c2a);
            c2b = x2.fma(b, c2b);
            var x3 = FloatVector.broadcast(F32, x[i + 3]);
            c3a = x3.fma(a, c3a);
            c3b = x3.fma(b, c3b);
            var x4 = FloatVector.broadcast(F32, x[i + 4]);
            c4a = x4.fma(a, c4a);
            c4b = x4.fma(b, c4b);
            var x5 = FloatVector.broadcast(F32, x[i + 5]);
            c5a = x5.fma(a, c5a);
            c5b = x5.fma(b, c5b);
            var x6 = FloatVector.broadcast(F32, x[i + 6]);
            c6a = x6.fma(a, c6a);
            c6b = x6.fma(b, c6b);
            var x7 = FloatVector.broadcast(F32, x[i + 7]);
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

    private static void rows12(float[] x, float[] y, float[] t, int to, int kc) {
        var c0a = FloatVector.fromArray(F32, t, to);
        var c0b = FloatVector.fromArray(F32, t, to + COUNT);
        var c1a = FloatVector.fromArray(F32, t, to + WIDTH);
        var c1b = FloatVector.fromArray(F32, t, to + WIDTH + COUNT);
        var c2a = FloatVector.fromArray(F32, t, to + 2 * WIDTH);
        var c2b = FloatVector.fromArray(F32, t, to + 2 * WIDTH + COUNT);
        var c3a = FloatVector.fromArray(F32, t, to + 3 * WIDTH);
        var c3b = FloatVector.fromArray(F32, t, to + 3 * WIDTH + COUNT);
        var c4a = FloatVector.fromArray(F32, t, to + 4 * WIDTH);
        var c4b = FloatVector.fromArray(F32, t, to + 4 * WIDTH + COUNT);
        var c5a = FloatVector.fromArray(F32, t, to + 5 * WIDTH);
        var c5b = FloatVector.fromArray(F32, t, to + 5 * WIDTH + COUNT);
        var c6a = FloatVector.fromArray(F32, t, to + 6 * WIDTH);
        var c6b = FloatVector.fromArray(F32, t, to + 6 * WIDTH + COUNT);
        var c7a = FloatVector.fromArray(F32, t, to + 7 * WIDTH);
        var c7b = FloatVector.fromArray(F32, t, to + 7 * WIDTH + COUNT);
        var c8a = FloatVector.fromArray(F32, t, to + 8 * WIDTH);
        var c8b = FloatVector.fromArray(F32, t, to + 8 * WIDTH + COUNT);
        var c9a = FloatVector.fromArray(F32, t, to + 9 * WIDTH);
        var c9b = FloatVector.fromArray(F32, t, to + 9 * WIDTH + COUNT);
        var c10a = FloatVector.fromArray(F32, t, to + 10 * WIDTH);
        var c10b = FloatVector.fromArray(F32, t, to + 10 * WIDTH + COUNT);
        var c11a = FloatVector.fromArray(F32, t, to + 11 * WIDTH);
        var c11b = FloatVector.fromArray(F32, t, to + 11 * WIDTH + COUNT);
        int end = kc * WIDTH;
        for (long p = 0; p < end; p += WIDTH) {
            int j = (int) p;
            int i = j >>> 1;
            var a = FloatVector.fromArray(F32, y, j);
            var b = FloatVector.fromArray(F32, y, j + COUNT);
            var x0 = FloatVector.broadcast(F32, x[i]);
            c0a = x0.fma(a, c0a);
            c0b = x0.fma(b, c0b);
            var x1 = FloatVector.broadcast(F32, x[i + 1]);
            c1a = x1.fma(a, c1a);
            c1b = x1.fma(b, c1b);
            var x2 = FloatVector.broadcast(F32, x[i + 2]);
            c2a = x2.fma(a, c2a);
            c2b = x2.fma(b, c2b);
            var x3 = FloatVector.broadcast(F32, x[i + 3]);
            c3a = x3.fma(a, c3a);
            c3b = x3.fma(b, c3b);
            var x4 = FloatVector.broadcast(F32, x[i + 4]);
            c4a = x4.fma(a, c4a);
            c4b = x4.fma(b, c4b);
            var x5 = FloatVector.broadcast(F32, x[i + 5]);
            c5a = x5.fma(a, c5a);
            c5b = x5.fma(b, c5b);
            var x6 = FloatVector.broadcast(F32, x[i + 6]);
            c6a = x6.fma(a, c6a);
            c6b = x6.fma(b, c6b);
            var x7 = FloatVector.broadcast(F32, x[i + 7]);
            c7a = x7.fma(a, c7a);
            c7b = x7.fma(b, c7b);
            var x8 = FloatVector.broadcast(F32, x[i + 8]);
            c8a = x8.fma(a, c8a);
            c8b = x8.fma(b, c8b);
            var x9 = FloatVector.broadcast(F32, x[i + 9]);
            c9a = x9.fma(a, c9a);
            c9b = x9.fma(b, c9b);
            var x10 = FloatVector.broadcast(F32, x[i + 10]);
            c10a = x10.fma(a, c10a);
            c10b = x10.fma(b, c10b);
            var x11 = FloatVector.broadcast(F32, x[i + 11]);
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
