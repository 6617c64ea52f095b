package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// `sums += Σ_rows x`: each task adds up a block of rows, four rows at a time so that the sums are
/// loaded and stored for every fourth row only; then the blocks are added in order.
final class ColumnSums implements Launch {
    private static final int LEAST_ROWS = 64;
    private static final int MOST_BLOCKS = 64;

    /// So that a task's sums stay in half of a 32 KiB first-level cache.
    private static final int MOST_COLS = 4096;

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
        this.rowsPerBlock = Math.max(LEAST_ROWS, Math.ceilDiv(rows, MOST_BLOCKS));
        this.slices = Math.ceilDiv(cols, MOST_COLS);
        this.partial = new float[Math.ceilDiv(rows, rowsPerBlock)][cols];
    }

    @Override
    public void on(Stream stream) {
        workers.run(partial.length * slices, addRows);
        workers.run(slices, addBlocks);
    }

    private int from(int slice) {
        return slice * MOST_COLS;
    }

    private int to(int slice) {
        return Math.min(cols, from(slice) + MOST_COLS);
    }

    private void addRows(int task, int worker) {
        int block = task / slices;
        int from = from(task % slices);
        int to = to(task % slices);
        int row = block * rowsPerBlock;
        int last = Math.min(rows, row + rowsPerBlock);
        float[] into = partial[block];
        Arrays.fill(into, from, to, 0f);
        for (; row + 4 <= last; row += 4) addFour(into, from, to, at(row));
        for (; row < last; row++) addOne(into, from, to, at(row));
    }

    private long at(int row) {
        return xAt + (long) row * cols;
    }

    private void addFour(float[] into, int from, int to, long at) {
        int whole = from + Lanes.F32.loopBound(to - from);
        for (long c = from; c < whole; c += Lanes.COUNT) {
            var ab = load(at + c).add(load(at + cols + c));
            var cd = load(at + 2L * cols + c).add(load(at + 3L * cols + c));
            FloatVector.fromArray(Lanes.F32, into, (int) c)
                    .add(ab.add(cd))
                    .intoArray(into, (int) c);
        }
        for (int c = whole; c < to; c++) {
            float ab = Lanes.get(dtype, x, at + c) + Lanes.get(dtype, x, at + cols + c);
            float cd =
                    Lanes.get(dtype, x, at + 2L * cols + c)
                            + Lanes.get(dtype, x, at + 3L * cols + c);
            into[c] += ab + cd;
        }
    }

    private void addOne(float[] into, int from, int to, long at) {
        for (int c = from; c < to; c++) into[c] += Lanes.get(dtype, x, at + c);
    }

    private FloatVector load(long at) {
        return Lanes.load(dtype, x, at);
    }

    private void addBlocks(int slice, int worker) {
        int to = to(slice);
        int c = from(slice);
        for (; c + Lanes.COUNT <= to; c += Lanes.COUNT) {
            var sum = FloatVector.zero(Lanes.F32);
            for (float[] block : partial) sum = sum.add(FloatVector.fromArray(Lanes.F32, block, c));
            Lanes.storeF32(Lanes.loadF32(sums, sumsAt + c).add(sum), sums, sumsAt + c);
        }
        for (; c < to; c++) {
            float sum = 0;
            for (float[] block : partial) sum += block[c];
            Lanes.set(DType.F32, Lanes.get(DType.F32, sums, sumsAt + c) + sum, sums, sumsAt + c);
        }
    }
}
