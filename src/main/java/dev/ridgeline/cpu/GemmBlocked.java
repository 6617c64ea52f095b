package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.GemmSplitTile.PARTS;
import static dev.ridgeline.cpu.GemmSplitTile.TURN;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.tensor.DType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A matrix product in cache-sized blocks (after Goto and van de Geijn 2008, ACM TOMS 34(3)): rows
/// of `a` are packed once for all workers, one block of depths at a time, which is little enough to
/// stay in a last-level cache that others use too; a task then packs a few panels of `b` into its
/// second-level cache and runs [GemmTile], or [GemmSplitTile] where that is used, over all those
/// rows, a group of rows in the first level at a time. It walks along the rows of `c`, which the
/// processor then fetches ahead.
///
/// Every element is the same chain of fused multiply-adds whatever the number of threads, because
/// only rows and columns are divided among them.
final class GemmBlocked implements Launch {
    /// Panels of `b` that a task keeps packed: 192 KiB, or 384 with 512-bit vectors.
    static final int CHUNK = 4;

    /// Rows of `a` at a time: 3.6 MiB of them, or 3 with 512-bit vectors.
    private static final int ROWS = 768;

    /// Groups of rows that are packed together.
    private static final int GROUPS = 8;

    // enough that a slow core does not leave the others waiting for long
    private static final int TASKS_PER_THREAD = 4;

    private static final int WIDTH = GemmTile.WIDTH;
    private static final int HEIGHT = GemmTile.HEIGHT;

    /// The operands of one entry of the batch.
    private record Product(GemmOperand a, GemmOperand b, GemmOutput c) {}

    /// Rows `[row, row + rows)` at one depth block, packed in `x`, an array for each group.
    private record Rows(int row, int rows, int block, float[][] x) {}

    private final Gemm op;
    private final Workers workers;
    private final GemmScratch scratch;
    private final List<Product> products = new ArrayList<>();
    private final List<float[][]> prepacked = new ArrayList<>();

    /// Depths of a block; the last may have fewer.
    private final int depths;

    private final int depthBlocks;
    private final int panels;
    private final boolean keepsSums;

    /// @param prepack packs all of `b` now, once; it must not change between launches
    GemmBlocked(Gemm op, Workers workers, GemmScratch scratch, boolean prepack) {
        this.op = op;
        this.workers = workers;
        this.scratch = scratch;
        for (int i = 0; i < op.batch(); i++) {
            products.add(
                    new Product(
                            GemmOperand.of(op.a(), i, !op.form().transposesA()),
                            GemmOperand.of(op.b(), i, op.form().transposesB()),
                            new GemmOutput(op, i)));
        }
        // equal depths, a multiple of 8 and of whole turns
        int passes = Math.ceilDiv(op.k(), GemmTile.DEPTH);
        int unit = 8 * TURN;
        depths = Math.min(GemmTile.DEPTH, Math.ceilDiv(Math.ceilDiv(op.k(), passes), unit) * unit);
        depthBlocks = Math.ceilDiv(op.k(), depths);
        panels = Math.ceilDiv(op.n(), WIDTH);
        // sums of several depth blocks would lose bits in a bf16 result
        keepsSums = op.c().dtype() == DType.BF16 && depthBlocks > 1;
        boolean each = op.batch() > 1;
        if (prepack) packAll();
        scratch.reserve(
                Math.ceilDiv(Math.min(op.m(), ROWS), HEIGHT),
                prepack ? 0 : PARTS * CHUNK,
                keepsSums ? Math.multiplyExact(op.m(), op.n()) : 0,
                each);
    }

    private int depthsOf(int block) {
        return Math.min(depths, op.k() - block * depths);
    }

    private void packAll() {
        for (int block = 0; block < depthBlocks; block++) {
            var all = GemmScratch.grown(new float[0][], PARTS * panels, GemmScratch.PANEL);
            int at = block;
            workers.run(
                    Math.ceilDiv(panels, CHUNK),
                    (chunk, worker) -> {
                        int panel = chunk * CHUNK;
                        int last = Math.min(panel + CHUNK, panels);
                        packPanels(products.getFirst(), at, panel, last, all, panel, worker);
                    });
            prepacked.add(all);
        }
    }

    private void packPanels(
            Product product, int block, int panel, int last, float[][] into, int at, int worker) {
        int column = panel * WIDTH;
        int columns = Math.min(last * WIDTH, op.n()) - column;
        int each = WIDTH / PARTS;
        int kc = depthsOf(block);
        var lines = scratch.own(worker).lines;
        product.b.pack(
                column, columns, each, block * depths, kc, into, PARTS * at, each, TURN, lines);
    }

    /// The groups `[group, last)`, or as many of them as there are.
    private void packRows(Product product, Rows rows, int group, int last, int worker) {
        int r = group * HEIGHT;
        int count = Math.min(last * HEIGHT, rows.rows) - r;
        int step = GemmTile.X_STEP;
        int kc = depthsOf(rows.block);
        var lines = scratch.own(worker).lines;
        product.a.pack(
                rows.row + r,
                count,
                HEIGHT,
                rows.block * depths,
                kc,
                rows.x,
                group,
                step,
                TURN,
                lines);
    }

    @Override
    public void on(Stream stream) {
        if (products.size() == 1) {
            for (var rows : rows(scratch.rows())) together(products.getFirst(), rows);
        } else {
            workers.run(products.size(), (i, worker) -> alone(products.get(i), worker));
        }
    }

    /// In shares of a like size.
    private List<Rows> rows(float[][] x) {
        var all = new ArrayList<Rows>();
        int count = Math.ceilDiv(Math.ceilDiv(op.m(), Math.ceilDiv(op.m(), ROWS)), HEIGHT) * HEIGHT;
        for (int block = 0; block < depthBlocks; block++)
            for (int row = 0; row < op.m(); row += count)
                all.add(new Rows(row, Math.min(count, op.m() - row), block, x));
        return all;
    }

    /// One product by the whole team.
    private void together(Product product, Rows rows) {
        int groups = Math.ceilDiv(rows.rows, HEIGHT);
        workers.run(
                Math.ceilDiv(groups, GROUPS),
                (task, worker) ->
                        packRows(product, rows, task * GROUPS, (task + 1) * GROUPS, worker));
        int wanted = workers.threads() == 1 ? 1 : TASKS_PER_THREAD * workers.threads();
        int chunks = Math.min(panels, Math.max(Math.ceilDiv(panels, CHUNK), wanted));
        int chunk = Math.ceilDiv(panels, chunks);
        int shares = Math.clamp(Math.ceilDiv(wanted, chunks), 1, groups);
        int share = Math.ceilDiv(groups, shares) * HEIGHT;
        workers.run(
                chunks * shares,
                (task, worker) -> {
                    int panel = task / shares * chunk;
                    int r = task % shares * share;
                    multiply(
                            product,
                            rows,
                            r,
                            Math.min(r + share, rows.rows),
                            panel,
                            Math.min(panel + chunk, panels),
                            scratch.sums(),
                            worker);
                });
    }

    /// One product by one worker.
    private void alone(Product product, int worker) {
        var own = scratch.own(worker);
        for (var rows : rows(own.rows)) {
            packRows(product, rows, 0, Math.ceilDiv(rows.rows, HEIGHT), worker);
            for (int panel = 0; panel < panels; panel += CHUNK)
                multiply(
                        product,
                        rows,
                        0,
                        rows.rows,
                        panel,
                        Math.min(panel + CHUNK, panels),
                        own.sums,
                        worker);
        }
    }

    /// Rows `[begin, end)` of `rows` by the panels `[panel, last)`.
    private void multiply(
            Product product,
            Rows rows,
            int begin,
            int end,
            int panel,
            int last,
            float[] sums,
            int worker) {
        var own = scratch.own(worker);
        boolean packed = !prepacked.isEmpty();
        if (!packed) packPanels(product, rows.block, panel, last, own.panels, 0, worker);
        float[][] y = packed ? prepacked.get(rows.block) : own.panels;
        int first = packed ? 0 : panel;
        int kc = Math.ceilDiv(depthsOf(rows.block), TURN) * TURN;
        for (int r = begin; r < end; ) {
            int height = GemmSplitTile.USED ? HEIGHT : GemmTile.height(end - r);
            float[] x = rows.x[r / HEIGHT];
            int rowsHere = Math.min(height, end - r);
            for (int p = panel; p < last; p++) {
                Arrays.fill(own.tile, 0);
                int at = PARTS * (p - first);
                if (GemmSplitTile.USED) GemmSplitTile.multiply(x, y[at], y[at + 1], own.tile, kc);
                else GemmTile.multiply(height, x, y[at], own.tile, 0, kc);
                store(product.c, rows.row + r, rowsHere, p, rows.block, sums, own);
            }
            r += height;
        }
    }

    private void store(
            GemmOutput c, int row, int rows, int p, int block, float[] sums, GemmScratch.Own own) {
        int column = p * WIDTH;
        int columns = Math.min(WIDTH, op.n() - column);
        boolean first = block == 0;
        boolean last = block == depthBlocks - 1;
        if (keepsSums) {
            int at = row * op.n() + column;
            GemmOutput.sum(own.tile, rows, sums, at, op.n(), columns, first, last);
            first = true;
            if (!last) return;
        }
        c.store(own.tile, rows, row, column, columns, first, last, own.line);
    }
}
