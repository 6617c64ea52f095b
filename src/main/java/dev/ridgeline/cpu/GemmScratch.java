package dev.ridgeline.cpu;

/// The packing buffers of one team of workers, shared by all its products: only one runs at a time.
final class GemmScratch {
    /// What one worker needs for itself.
    static final class Own {
        final float[] rows = new float[GemmBlocked.ROWS * GemmTile.STRIDE];
        final float[] lines = new float[4 * GemmTile.DEPTH];
        final float[] tile = new float[GemmTile.HEIGHT * GemmTile.WIDTH];
        final float[] line = new float[GemmTile.WIDTH];
        float[] panels = {};
        float[] sums = {};
    }

    private final Own[] own;
    private float[] panels = {};
    private float[] sums = {};

    GemmScratch(int threads) {
        own = new Own[threads];
        for (int i = 0; i < threads; i++) own[i] = new Own();
    }

    Own own(int worker) {
        return own[worker];
    }

    /// Grows the buffers to these numbers of elements.
    ///
    /// @param each whether every worker needs them for itself
    void reserve(int panelElements, int sumElements, boolean each) {
        if (!each) {
            if (panels.length < panelElements) panels = new float[panelElements];
            if (sums.length < sumElements) sums = new float[sumElements];
            return;
        }
        for (var o : own) {
            if (o.panels.length < panelElements) o.panels = new float[panelElements];
            if (o.sums.length < sumElements) o.sums = new float[sumElements];
        }
    }

    float[] panels() {
        return panels;
    }

    float[] sums() {
        return sums;
    }
}
