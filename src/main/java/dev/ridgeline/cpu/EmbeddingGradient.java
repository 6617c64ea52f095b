package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/// [EmbeddingBackward] by lists: the rows of each token are linked in order, and a task takes the
/// lists of a few tokens, so that a row of the table is summed by one thread, in the order of the
/// rows, while it stays in the cache.
///
/// Wide rows are cut into slices, so that a token on which many rows fall is not the work of one
/// thread alone.
final class EmbeddingGradient implements Launch {
    private static final int NONE = -1;
    private static final int LISTS_PER_TASK = 16;
    private static final int MOST_COLS = 1024;

    private final Workers workers;
    private final Workers.Task addTokens = this::addTokens;
    private final Workers.Task addPositions = this::addPositions;
    private final DType dtype;
    private final MemorySegment tokens;
    private final long tokensAt;
    private final MemorySegment dy;
    private final long dyAt;
    private final MemorySegment table;
    private final long tableAt;
    private final Optional<Tensor> dpositions;
    private final MemorySegment positions;
    private final int rows;
    private final int cols;
    private final int slices;
    private final int colsPerSlice;

    /// By token: its first row. By row: the next one with the same token.
    private final int[] first;

    private final int[] next;
    private final int[] seen;
    private int seenCount;

    EmbeddingGradient(Workers workers, EmbeddingBackward op) {
        this.workers = workers;
        this.dtype = op.dy().dtype();
        this.tokens = HostBuffer.segment(op.tokens());
        this.tokensAt = op.tokens().offset();
        this.dy = HostBuffer.segment(op.dy());
        this.dyAt = op.dy().offset();
        this.table = HostBuffer.segment(op.dtable());
        this.tableAt = op.dtable().offset();
        this.dpositions = op.dpositions();
        this.positions = dpositions.map(HostBuffer::segment).orElse(MemorySegment.NULL);
        this.rows = op.rows();
        this.cols = op.cols();
        this.slices = Math.ceilDiv(cols, MOST_COLS);
        this.colsPerSlice = Math.ceilDiv(cols, slices);
        this.first = new int[op.dtable().dim(0)];
        this.next = new int[rows];
        this.seen = new int[Math.min(rows, first.length)];
        Arrays.fill(first, NONE);
    }

    @Override
    public void on(Stream stream) {
        link();
        workers.run(Math.ceilDiv(seenCount, LISTS_PER_TASK) * slices, addTokens);
        if (dpositions.isPresent())
            workers.run(Math.min(rows, dpositions.get().dim(0)) * slices, addPositions);
    }

    /// From the last row to the first, so that a list begins with its first row. The tasks then
    /// take the tokens the other way round, which is about the order of the rows.
    private void link() {
        for (int i = 0; i < seenCount; i++) first[seen[i]] = NONE;
        seenCount = 0;
        for (int r = rows - 1; r >= 0; r--) {
            int token = tokens.getAtIndex(JAVA_INT, tokensAt + r);
            if (token < 0 || token >= first.length) continue;
            if (first[token] == NONE) seen[seenCount++] = token;
            next[r] = first[token];
            first[token] = r;
        }
    }

    private void addTokens(int task, int worker) {
        int slice = task % slices * colsPerSlice;
        int to = seenCount - task / slices * LISTS_PER_TASK;
        int from = Math.max(0, to - LISTS_PER_TASK);
        for (int i = to - 1; i >= from; i--) {
            long into = tableAt + (long) seen[i] * cols;
            for (int r = first[seen[i]]; r != NONE; r = next[r]) addRow(r, slice, table, into);
        }
    }

    private void addPositions(int task, int worker) {
        var to = dpositions.get();
        int slice = task % slices * colsPerSlice;
        int position = task / slices;
        long into = to.offset() + (long) position * cols;
        for (int r = position; r < rows; r += to.dim(0)) addRow(r, slice, positions, into);
    }

    private void addRow(int row, int slice, MemorySegment sums, long into) {
        int count = Math.min(colsPerSlice, cols - slice);
        add(dyAt + (long) row * cols + slice, sums, into + slice, count);
    }

    private void add(long at, MemorySegment sums, long into, int count) {
        int whole = Lanes.F32.loopBound(count);
        if (dtype == DType.F32) addF32(at, sums, into, whole);
        else addBf16(at, sums, into, whole);
        for (int c = whole; c < count; c++) {
            float sum = Lanes.get(DType.F32, sums, into + c) + Lanes.get(dtype, dy, at + c);
            Lanes.set(DType.F32, sum, sums, into + c);
        }
    }

    private void addF32(long at, MemorySegment sums, long into, int count) {
        var from = Lanes.known(dy);
        var to = Lanes.known(sums);
        for (long c = 0; c < count; c += Lanes.COUNT)
            Lanes.storeF32(
                    Lanes.loadF32(to, into + c).add(Lanes.loadF32(from, at + c)), to, into + c);
    }

    private void addBf16(long at, MemorySegment sums, long into, int count) {
        var from = Lanes.known(dy);
        var to = Lanes.known(sums);
        for (long c = 0; c < count; c += Lanes.COUNT)
            Lanes.storeF32(
                    Lanes.loadF32(to, into + c).add(Lanes.loadBf16(from, at + c)), to, into + c);
    }
}
