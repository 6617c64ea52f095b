package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Embedding;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// [Embedding]: a copy per row, or an addition where there are positions.
final class EmbeddingRows implements Launch {
    private static final int TASK_ELEMENTS = 1 << 15;

    private final Workers workers;
    private final Workers.Task task = this::run;
    private final DType dtype;
    private final MemorySegment tokens;
    private final long tokensAt;
    private final MemorySegment table;
    private final long tableAt;
    private final MemorySegment y;
    private final long yAt;
    private final Optional<Tensor> positions;
    private final MemorySegment position;
    private final long positionAt;
    private final int period;
    private final MemorySegment nan;
    private final int vocab;
    private final int rows;
    private final int cols;
    private final int rowsPerTask;

    EmbeddingRows(Workers workers, Embedding op) {
        this.workers = workers;
        this.dtype = op.table().dtype();
        this.tokens = HostBuffer.segment(op.tokens());
        this.tokensAt = op.tokens().offset();
        this.table = HostBuffer.segment(op.table());
        this.tableAt = op.table().offset();
        this.y = HostBuffer.segment(op.y());
        this.yAt = op.y().offset();
        this.positions = op.positions();
        this.position = positions.map(HostBuffer::segment).orElse(MemorySegment.NULL);
        this.positionAt = positions.map(Tensor::offset).orElse(0L);
        this.period = positions.map(p -> p.dim(0)).orElse(1);
        this.vocab = op.table().dim(0);
        this.rows = op.rows();
        this.cols = op.cols();
        this.rowsPerTask = Math.max(1, TASK_ELEMENTS / cols);
        this.nan = Arena.ofAuto().allocate((long) cols * dtype.bytes(), HostBuffer.ALIGNMENT);
        for (int c = 0; c < cols; c++) Lanes.set(dtype, Float.NaN, nan, c);
    }

    @Override
    public void on(Stream stream) {
        workers.run(Math.ceilDiv(rows, rowsPerTask), task);
    }

    private void run(int number, int worker) {
        int from = number * rowsPerTask;
        int to = Math.min(rows, from + rowsPerTask);
        for (int r = from; r < to; r++) {
            int token = tokens.getAtIndex(JAVA_INT, tokensAt + r);
            long into = yAt + (long) r * cols;
            if (token < 0 || token >= vocab) copy(nan, 0, into);
            else if (positions.isEmpty()) copy(table, tableAt + (long) token * cols, into);
            else add(tableAt + (long) token * cols, positionAt + (long) (r % period) * cols, into);
        }
    }

    private void copy(MemorySegment from, long at, long into) {
        long size = dtype.bytes();
        MemorySegment.copy(from, at * size, y, into * size, cols * size);
    }

    private void add(long at, long posAt, long into) {
        int block = dtype == DType.F32 ? Lanes.COUNT : 2 * Lanes.COUNT;
        int whole = cols / block * block;
        if (dtype == DType.F32) addF32(at, posAt, into, whole);
        else Bf16Tile.add(table, at, position, posAt, y, into, whole);
        for (int c = whole; c < cols; c++) {
            float sum = Lanes.get(dtype, table, at + c) + Lanes.get(dtype, position, posAt + c);
            Lanes.set(dtype, sum, y, into + c);
        }
    }

    private void addF32(long at, long posAt, long into, int whole) {
        var a = Lanes.known(table);
        var b = Lanes.known(position);
        var to = Lanes.known(y);
        for (long c = 0; c < whole; c += Lanes.COUNT) {
            var sum = Lanes.loadF32(a, at + c).add(Lanes.loadF32(b, posAt + c));
            Lanes.storeF32(sum, to, into + c);
        }
    }
}
