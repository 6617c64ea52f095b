package dev.ridgeline.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The packing buffers of one team of workers, shared by all its products: only one runs at a time.
///
/// Every panel and every group of rows is an array of its own, because [GemmTile] reads them from
/// element 0.
final class GemmScratch {
    /// Elements of an array of a panel of `b`.
    static final int PANEL = GemmTile.WIDTH * GemmTile.DEPTH / GemmSplitTile.PARTS;

    /// Elements of a group of rows of `a`.
    private static final int GROUP = GemmTile.X_STEP * GemmTile.DEPTH;

    /// What one worker needs for itself.
    static final class Own {
        final MemorySegment lines =
                Arena.ofAuto().allocate(4L * GemmTranspose.LINES * GemmTile.DEPTH, 64);
        final float[] tile = new float[GemmTile.HEIGHT * GemmTile.WIDTH];
        final float[] line = new float[GemmTile.WIDTH];
        float[][] panels = {};
        float[][] rows = {};
        float[] sums = {};
    }

    private final Own[] own;
    private float[][] rows = {};
    private float[] sums = {};

    GemmScratch(int threads) {
        own = new Own[threads];
        for (int i = 0; i < threads; i++) own[i] = new Own();
    }

    Own own(int worker) {
        return own[worker];
    }

    /// Grows the buffers.
    ///
    /// @param groups of rows, of one depth block each
    /// @param panels arrays of those that a worker packs at a time
    /// @param sumElements of unfinished sums
    /// @param each whether every worker needs rows and sums for itself
    void reserve(int groups, int panels, int sumElements, boolean each) {
        for (var o : own) {
            o.panels = grown(o.panels, panels, PANEL);
            if (each) {
                o.rows = grown(o.rows, groups, GROUP);
                if (o.sums.length < sumElements) o.sums = new float[sumElements];
            }
        }
        if (!each) {
            rows = grown(rows, groups, GROUP);
            if (sums.length < sumElements) sums = new float[sumElements];
        }
    }

    /// At least `count` arrays, those of `arrays` among them.
    static float[][] grown(float[][] arrays, int count, int elements) {
        if (arrays.length >= count) return arrays;
        var more = Arrays.copyOf(arrays, count);
        for (int i = arrays.length; i < count; i++) more[i] = new float[elements];
        return more;
    }

    float[][] rows() {
        return rows;
    }

    float[] sums() {
        return sums;
    }
}
