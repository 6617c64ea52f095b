package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// `sums += Σ_rows x`: each task adds up a block of rows, and then the blocks are added in order.
///
/// Four rows at a time, so that the sums are loaded and stored for every fourth row only. Short
/// rows are taken several as one, because the prefetchers need runs of about 12 KiB to keep up: the
/// sums of a block are then as many times too wide, and are folded at the end.
final class ColumnSums implements Launch {
    private static final int LEAST_ROWS = 64;
    private static final int MOST_BLOCKS = 64;

    /// So that a task's sums stay in half of a 32 KiB first-level cache.
    private static final int MOST_COLS = 4096;

    private static final int COLS_PER_TOTAL = 512;

    private final Workers workers;
    private final Workers.Task addRows = this::addRows;
    private final Workers.Task addBlocks = this::addBlocks;
    private final DType dtype;
    private final MemorySegment x;
    private final long xAt;
    private final MemorySegment sums;
    private final long sumsAt;
    private final int rows;
    private final int cols;
    private final int folds;
    private final int rowsPerBlock;
    private final int slices;
    private final float[][] partial;

    /// @param x (rows, cols), f32/bf16, contiguous
    /// @param sums (cols), f32
    ColumnSums(Workers workers, Tensor x, Tensor sums) {
        this.workers = workers;
        this.dtype = x.dtype();
        this.x = HostBuffer.segment(x);
        this.xAt = x.offset();
        this.sums = HostBuffer.segment(sums);
        this.sumsAt = sums.offset();
        this.rows = x.dim(0);
        this.cols = x.dim(1);
        this.folds = Integer.highestOneBit(Math.max(1, MOST_COLS / cols));
        int group = 4 * folds;
        int share = Math.max(LEAST_ROWS, Math.ceilDiv(rows, MOST_BLOCKS));
        this.rowsPerBlock = Math.ceilDiv(share, group) * group;
        this.slices = Math.ceilDiv(folds * cols, MOST_COLS);
        this.partial = new float[Math.ceilDiv(rows, rowsPerBlock)][folds * cols];
    }

    @Override
    public void on(Stream stream) {
        workers.run(partial.length * slices, addRows);
        workers.run(Math.ceilDiv(cols, COLS_PER_TOTAL), addBlocks);
    }

    private void addRows(int task, int worker) {
        int block = task / slices;
        int wide = folds * cols;
        int from = task % slices * MOST_COLS;
        int to = Math.min(wide, from + MOST_COLS);
        int whole = from + Lanes.F32.loopBound(to - from);
        float[] into = partial[block];
        Arrays.fill(into, from, to, 0f);

        long at = xAt + (long) block * rowsPerBlock * cols;
        long end = xAt + Math.min(rows, (block + 1L) * rowsPerBlock) * cols;
        for (; at + 4L * wide <= end; at += 4L * wide) {
            if (dtype == DType.F32) addFour(into, from, whole, at, wide);
            else addFourHalf(into, from, whole, at, wide);
            for (int row = 0; row < 4; row++) addOne(into, whole, to, at + (long) row * wide);
        }
        for (; at + wide <= end; at += wide) addOne(into, from, to, at);
        for (; at < end; at += cols) addOne(into, from, Math.min(to, cols), at);
    }

    private void addFour(float[] into, int from, int to, long at, int wide) {
        var m = Lanes.known(x);
        for (long c = from; c < to; c += Lanes.COUNT) {
            var ab = Lanes.loadF32(m, at + c).add(Lanes.loadF32(m, at + wide + c));
            var cd = Lanes.loadF32(m, at + 2L * wide + c).add(Lanes.loadF32(m, at + 3L * wide + c));
            var sum = FloatVector.fromArray(Lanes.F32, into, (int) c);
            sum.add(ab.add(cd)).intoArray(into, (int) c);
        }
    }

    private void addFourHalf(float[] into, int from, int to, long at, int wide) {
        var m = Lanes.known(x);
        for (long c = from; c < to; c += Lanes.COUNT) {
            var ab = Lanes.loadBf16(m, at + c).add(Lanes.loadBf16(m, at + wide + c));
            var cd =
                    Lanes.loadBf16(m, at + 2L * wide + c)
                            .add(Lanes.loadBf16(m, at + 3L * wide + c));
            var sum = FloatVector.fromArray(Lanes.F32, into, (int) c);
            sum.add(ab.add(cd)).intoArray(into, (int) c);
        }
    }

    private void addOne(float[] into, int from, int to, long at) {
        for (int c = from; c < to; c++) into[c] += Lanes.get(dtype, x, at + c);
    }

    private void addBlocks(int task, int worker) {
        int from = task * COLS_PER_TOTAL;
        int to = Math.min(cols, from + COLS_PER_TOTAL);
        float[] total = partial[0];
        for (float[] block : partial)
            for (int fold = 0; fold < folds; fold++)
                if (block != total || fold > 0) add(total, block, from, to, fold * cols);
        for (int c = from; c < to; c++) {
            float sum = Lanes.get(DType.F32, sums, sumsAt + c) + total[c];
            Lanes.set(DType.F32, sum, sums, sumsAt + c);
        }
    }

    private static void add(float[] total, float[] part, int from, int to, int offset) {
        for (int c = from; c < to; c++) total[c] += part[offset + c];
    }
}
