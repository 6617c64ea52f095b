package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

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
    private final Workers.Task task = this::add;

    /// @param total (cols), to which the sums are added
    NormColumnSums(int rows, Tensor total) {
        int blocks = Math.min(MOST_BLOCKS, Math.ceilDiv(rows, FEWEST_ROWS));
        this.rows = rows;
        this.rowsPerBlock = Math.ceilDiv(rows, blocks);
        this.partial = new float[Math.ceilDiv(rows, rowsPerBlock)][total.dim(0)];
        this.total = total;
    }

    int blocks() {
        return partial.length;
    }

    /// First row of `block`; that of the block after the last is the number of rows.
    int first(int block) {
        return Math.min(rows, block * rowsPerBlock);
    }

    /// Where to add up the rows of `block`, zeroed.
    float[] start(int block) {
        Arrays.fill(partial[block], 0);
        return partial[block];
    }

    /// Adds the sums of all blocks to the total.
    void addToTotal(Workers workers) {
        workers.run(Math.ceilDiv(total.dim(0), COLUMNS_PER_TASK), task);
    }

    private void add(int task, int worker) {
        var memory = HostBuffer.segment(total);
        long at = total.offset();
        int i = task * COLUMNS_PER_TASK;
        int end = Math.min(total.dim(0), i + COLUMNS_PER_TASK);
        for (; i <= end - COUNT; i += COUNT) {
            var sum = FloatVector.zero(F32);
            for (float[] block : partial) sum = sum.add(FloatVector.fromArray(F32, block, i));
            FloatVector.fromMemorySegment(F32, memory, (at + i) * 4, LE)
                    .add(sum)
                    .intoMemorySegment(memory, (at + i) * 4, LE);
        }
        for (; i < end; i++) {
            float sum = 0;
            for (float[] block : partial) sum += block[i];
            memory.setAtIndex(JAVA_FLOAT, at + i, memory.getAtIndex(JAVA_FLOAT, at + i) + sum);
        }
    }
}
