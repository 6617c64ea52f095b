package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.tensor.DType;

import java.util.ArrayList;
import java.util.List;

/// A matrix product in cache-sized blocks (Goto and van de Geijn 2008, ACM TOMS 34(3); the loops of
/// BLIS): a block of `b` is packed into panels that all workers share, then each task packs some
/// rows of `a` into its second-level cache and runs [GemmTile] over them, one panel at a time in
/// the first level.
///
/// Every element is the same chain of fused multiply-adds whatever the number of threads, because
/// only rows and columns are divided among them.
final class GemmBlocked implements Launch {
    /// Rows of `a` that a task keeps packed: about a quarter of a MiB of second-level cache.
    static final int ROWS = 120;

    /// Columns of `b` that are packed at a time: a few MiB of last-level cache.
    private static final int COLUMNS = 2048;

    // enough that a slow core does not leave the others waiting for long
    private static final int TASKS_PER_THREAD = 4;

    private static final int WIDTH = GemmTile.WIDTH;

    /// The operands of one entry of the batch.
    private record Product(GemmOperand a, GemmOperand b, GemmOutput c) {}

    /// Part of the product: `columns` from `column`, summed over `depths` from `depth`.
    private record Block(
            int column, int columns, int depth, int depths, boolean first, boolean last) {}

    private final int m;
    private final Workers workers;
    private final GemmScratch scratch;
    private final List<Product> products = new ArrayList<>();
    private final List<Block> blocks = new ArrayList<>();
    private final List<float[]> prepacked = new ArrayList<>();
    private final boolean keepsSums;

    /// @param prepack packs all of `b` now, once; it must not change between launches
    GemmBlocked(Gemm op, Workers workers, GemmScratch scratch, boolean prepack) {
        this.m = op.m();
        this.workers = workers;
        this.scratch = scratch;
        for (int i = 0; i < op.batch(); i++) {
            products.add(
                    new Product(
                            GemmOperand.of(op.a(), i, !op.form().transposesA()),
                            GemmOperand.of(op.b(), i, op.form().transposesB()),
                            new GemmOutput(op, i)));
        }
        int depths = depthBlock(op.k());
        for (int j = 0; j < op.n(); j += COLUMNS) {
            int columns = Math.min(COLUMNS, op.n() - j);
            for (int p = 0; p < op.k(); p += depths) {
                int kc = Math.min(depths, op.k() - p);
                blocks.add(new Block(j, columns, p, kc, p == 0, p + kc == op.k()));
            }
        }
        // sums of several depth blocks would lose bits in a bf16 result
        keepsSums = op.c().dtype() == DType.BF16 && op.k() > depths;
        boolean each = op.batch() > 1;
        if (prepack) packAll();
        else scratch.reserve(panelElements(blocks.getFirst()), 0, each);
        if (keepsSums) scratch.reserve(0, m * Math.min(op.n(), COLUMNS), each);
    }

    /// Equal depths, a multiple of 8, none over [GemmTile#DEPTH].
    private static int depthBlock(int k) {
        int passes = Math.ceilDiv(k, GemmTile.DEPTH);
        return Math.min(GemmTile.DEPTH, Math.ceilDiv(Math.ceilDiv(k, passes), 8) * 8);
    }

    private static int panelElements(Block block) {
        return Math.ceilDiv(block.columns, WIDTH) * WIDTH * block.depths;
    }

    private void packAll() {
        for (var block : blocks) {
            var panels = new float[panelElements(block)];
            workers.run(
                    panelCount(block), (i, w) -> pack(products.getFirst(), block, i, w, panels));
            prepacked.add(panels);
        }
    }

    @Override
    public void on(Stream stream) {
        if (products.size() == 1) {
            together(products.getFirst());
        } else {
            workers.run(products.size(), (i, worker) -> alone(products.get(i), worker));
        }
    }

    /// One product by the whole team.
    private void together(Product product) {
        for (int i = 0; i < blocks.size(); i++) {
            var block = blocks.get(i);
            float[] panels = prepacked.isEmpty() ? scratch.panels() : prepacked.get(i);
            if (prepacked.isEmpty())
                workers.run(panelCount(block), (p, w) -> pack(product, block, p, w, panels));
            int rowBlocks = Math.ceilDiv(m, ROWS);
            int rows = roundUp(Math.ceilDiv(m, rowBlocks), GemmTile.HEIGHT);
            int wanted = workers.threads() == 1 ? 1 : TASKS_PER_THREAD * workers.threads();
            int cuts = Math.clamp(Math.ceilDiv(wanted, rowBlocks), 1, panelCount(block));
            int cut = Math.ceilDiv(panelCount(block), cuts);
            workers.run(
                    rowBlocks * cuts,
                    (t, w) -> {
                        int row = t / cuts * rows;
                        int panel = t % cuts * cut;
                        int end = Math.min(panel + cut, panelCount(block));
                        multiply(
                                product,
                                block,
                                row,
                                Math.min(rows, m - row),
                                panel,
                                end,
                                panels,
                                scratch.sums(),
                                scratch.own(w));
                    });
        }
    }

    /// One product by one worker.
    private void alone(Product product, int worker) {
        var own = scratch.own(worker);
        for (var block : blocks) {
            for (int p = 0; p < panelCount(block); p++) pack(product, block, p, worker, own.panels);
            for (int row = 0; row < m; row += ROWS)
                multiply(
                        product,
                        block,
                        row,
                        Math.min(ROWS, m - row),
                        0,
                        panelCount(block),
                        own.panels,
                        own.sums,
                        own);
        }
    }

    private static int panelCount(Block block) {
        return Math.ceilDiv(block.columns, WIDTH);
    }

    private static int roundUp(int value, int multiple) {
        return Math.ceilDiv(value, multiple) * multiple;
    }

    private void pack(Product product, Block block, int panel, int worker, float[] panels) {
        int column = panel * WIDTH;
        product.b.packPanel(
                block.column + column,
                Math.min(WIDTH, block.columns - column),
                block.depth,
                block.depths,
                panels,
                column * block.depths,
                scratch.own(worker).lines);
    }

    /// Rows `[row, row + rows)` of the panels `[panel, end)`.
    private void multiply(
            Product product,
            Block block,
            int row,
            int rows,
            int panel,
            int end,
            float[] panels,
            float[] sums,
            GemmScratch.Own own) {
        if (rows <= 0 || panel >= end) return;
        product.a.packRows(row, rows, block.depth, block.depths, own.rows, own.line);
        for (int p = panel; p < end; p++) {
            int column = p * WIDTH;
            int columns = Math.min(WIDTH, block.columns - column);
            for (int r = 0; r < rows; ) {
                int height = GemmTile.height(rows - r);
                GemmTile.multiply(
                        height,
                        own.rows,
                        r * GemmTile.STRIDE,
                        panels,
                        column * block.depths,
                        own.tile,
                        0,
                        block.depths);
                int valid = Math.min(height, rows - r);
                boolean first = block.first;
                if (keepsSums && !(block.first && block.last)) {
                    int at = (row + r) * block.columns + column;
                    GemmOutput.sum(
                            own.tile,
                            valid,
                            sums,
                            at,
                            block.columns,
                            columns,
                            block.first,
                            block.last);
                    first = true;
                }
                if (!keepsSums || block.last)
                    product.c.store(
                            own.tile,
                            valid,
                            row + r,
                            block.column + column,
                            columns,
                            first,
                            block.last,
                            own.line);
                r += height;
            }
        }
    }
}
