package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.util.Arrays;

/// Sums over the rows of a matrix in two steps that give the same bits with any number of threads:
/// each block of rows has its own partial sums, and the blocks' are added in order.
final class NormColumnSums {
    private static final int MOST_BLOCKS = 256;
    private static final int FEWEST_ROWS = 16;
    private static final int COLUMNS_PER_TASK = 1024;

    private final int rows;
    private final int rowsPerBlock;
    private final float[][] partial;
    private final Tensor total;
    private final DType dtype;
    private final Workers.Task task = this::add;

    /// @param x (rows, cols), over the rows of which the sums go
    /// @param total (cols), to which the sums are added
    NormColumnSums(Tensor x, Tensor total) {
        int rows = x.dim(0);
        int blocks = Math.min(MOST_BLOCKS, Math.ceilDiv(rows, FEWEST_ROWS));
        this.rows = rows;
        this.rowsPerBlock = Math.ceilDiv(rows, blocks);
        this.partial = new float[Math.ceilDiv(rows, rowsPerBlock)][total.dim(0)];
        this.total = total;
        this.dtype = x.dtype();
    }

    int blocks() {
        return partial.length;
    }

    /// First row of `block`; that of the block after the last is the number of rows.
    int first(int block) {
        return Math.min(rows, block * rowsPerBlock);
    }

    /// Where to add up the rows of `block`, in the order of [RowWindow]; zeroed.
    float[] start(int block) {
        Arrays.fill(partial[block], 0);
        return partial[block];
    }

    /// Adds the sums of all blocks to the total.
    void addToTotal(Workers workers) {
        workers.run(Math.ceilDiv(total.dim(0), COLUMNS_PER_TASK), task);
    }

    private void add(int task, int worker) {
        int cols = total.dim(0);
        int from = task * COLUMNS_PER_TASK;
        int to = Math.min(cols, from + COLUMNS_PER_TASK);
        float[] sums = partial[0];
        for (int b = 1; b < partial.length; b++)
            for (int p = from; p < to; p++) sums[p] += partial[b][p];
        var memory = HostBuffer.segment(total);
        for (int p = from; p < to; p++) {
            long at = total.offset() + RowWindow.element(dtype, p, cols);
            memory.setAtIndex(JAVA_FLOAT, at, memory.getAtIndex(JAVA_FLOAT, at) + sums[p]);
        }
    }
}
