package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// One pass over operands of equal shape, element by element: cuts their rows into tasks and hands
/// a loop whole vectors, never a tail.
///
/// A tail is copied to scratch memory, padded to whole vectors, and back, so that its elements go
/// through the same instructions.
final class Sweep implements Launch {
    /// The work on a run of elements.
    @FunctionalInterface
    interface Loop {
        /// @param memory of each operand
        /// @param at first element of each operand
        /// @param count a multiple of [#STEP]
        void run(MemorySegment[] memory, long[] at, long count);

        /// The same for a loop that needs to know which elements they are.
        ///
        /// @param first number of the first, row-major
        default void run(MemorySegment[] memory, long[] at, long count, long first) {
            run(memory, at, count);
        }
    }

    /// Elements in the shortest run a loop is given.
    static final int STEP = 2 * Lanes.COUNT;

    /// Elements converted at once: five operands and their bf16 fill half of a 32 KiB cache.
    private static final int TILE = 1 << 10;

    /// Bytes by which neighbours in scratch memory miss being whole pages apart, where they would
    /// fall into the same sets of the cache.
    private static final long STAGGER = 5 * 64;

    private static final long LEAST_TASK = 1 << 12;
    private static final long MOST_TASK = 1 << 16;

    /// Where one operand lies: element (r, c) is `offset + r · stride + c`.
    private record Operand(MemorySegment memory, DType dtype, long offset, long stride) {}

    /// What one worker needs for itself.
    private static final class Scratch {
        final MemorySegment[] tail;
        final MemorySegment[] wide;
        final long[] at;
        final long[] zero;

        Scratch(int operands) {
            tail = allocate(operands, STEP);
            wide = allocate(operands, TILE);
            at = new long[operands];
            zero = new long[operands];
        }

        private static MemorySegment[] allocate(int count, int elements) {
            long step = elements * 4L + STAGGER;
            var block = Arena.ofAuto().allocate(count * step, HostBuffer.ALIGNMENT);
            var segments = new MemorySegment[count];
            for (int i = 0; i < count; i++) segments[i] = block.asSlice(i * step, elements * 4L);
            return segments;
        }
    }

    private final Workers workers;
    private final Workers.Task task = this::run;
    private final Loop loop;
    private final Operand[] operands;
    private final MemorySegment[] memory;
    private final int firstOutput;
    private final boolean converts;
    private final long rows;
    private final long cols;
    private final long rowsPerTask;
    private final long colsPerTask;
    private final long tasksPerRow;
    private final int tasks;
    private final Scratch[] scratch;

    /// @param operands of one shape; rank 2 if one of them is not contiguous
    /// @param firstOutput the operands from here on are written (and may be read), the ones before
    ///   only read
    Sweep(Workers workers, List<Tensor> operands, int firstOutput, Loop loop) {
        this(workers, operands, firstOutput, loop, false);
    }

    /// A sweep whose loop only knows f32: bf16 operands are widened and narrowed tile by tile in
    /// scratch memory that stays in the first-level cache. The loop is then written once, and with
    /// a long body is faster than one that converts in it, which runs out of registers.
    static Sweep inF32(Workers workers, List<Tensor> operands, int firstOutput, Loop loop) {
        boolean converts = operands.getFirst().dtype() == DType.BF16;
        return new Sweep(workers, operands, firstOutput, loop, converts);
    }

    private Sweep(
            Workers workers, List<Tensor> operands, int firstOutput, Loop loop, boolean converts) {
        var first = operands.getFirst();
        boolean flat = operands.stream().allMatch(Tensor::contiguous);
        this.workers = workers;
        this.loop = loop;
        this.converts = converts;
        this.firstOutput = firstOutput;
        this.rows = flat ? 1 : first.dim(0);
        this.cols = first.count() / rows;
        var list =
                operands.stream()
                        .map(
                                t ->
                                        new Operand(
                                                HostBuffer.segment(t),
                                                t.dtype(),
                                                t.offset(),
                                                flat ? 0 : t.stride(0)))
                        .toList();
        this.operands = list.toArray(Operand[]::new);
        this.memory = list.stream().map(Operand::memory).toArray(MemorySegment[]::new);
        long block = blockOf(first.count());
        this.colsPerTask = Math.min(cols, block);
        this.tasksPerRow = Math.ceilDiv(cols, block);
        this.rowsPerTask = Math.max(1, block / cols);
        this.tasks = Math.toIntExact(Math.ceilDiv(rows, rowsPerTask) * tasksPerRow);
        this.scratch = new Scratch[workers.threads()];
        for (int i = 0; i < scratch.length; i++) scratch[i] = new Scratch(list.size());
    }

    /// Elements in a task: 64 tasks, as far as that makes neither very small nor very large ones.
    private static long blockOf(long count) {
        long share = Long.highestOneBit(Math.max(1, Math.ceilDiv(count, 64) - 1)) << 1;
        return Math.clamp(share, LEAST_TASK, MOST_TASK);
    }

    @Override
    public void on(Stream stream) {
        workers.run(tasks, task);
    }

    private void run(int number, int worker) {
        long fromRow = number / tasksPerRow * rowsPerTask;
        long toRow = Math.min(rows, fromRow + rowsPerTask);
        long from = number % tasksPerRow * colsPerTask;
        long to = Math.min(cols, from + colsPerTask);
        for (long row = fromRow; row < toRow; row++) part(scratch[worker], row, from, to);
    }

    private void part(Scratch s, long row, long from, long to) {
        for (int k = 0; k < operands.length; k++)
            s.at[k] = operands[k].offset() + row * operands[k].stride() + from;
        long whole = (to - from) / STEP * STEP;
        long first = row * cols + from;
        if (whole > 0) whole(s, memory, s.at, whole, first);
        int rest = (int) (to - from - whole);
        if (rest > 0) tail(s, whole, rest, first + whole);
    }

    private void tail(Scratch s, long whole, int rest, long first) {
        for (int k = 0; k < operands.length; k++) {
            long size = operands[k].dtype().bytes();
            long from = (s.at[k] + whole) * size;
            MemorySegment.copy(memory[k], from, s.tail[k], 0, rest * size);
        }
        whole(s, s.tail, s.zero, STEP, first);
        for (int k = firstOutput; k < operands.length; k++) {
            long size = operands[k].dtype().bytes();
            long to = (s.at[k] + whole) * size;
            MemorySegment.copy(s.tail[k], 0, memory[k], to, rest * size);
        }
    }

    private void whole(Scratch s, MemorySegment[] from, long[] at, long count, long first) {
        if (!converts) {
            loop.run(from, at, count, first);
            return;
        }
        for (long done = 0; done < count; done += TILE)
            tile(s, from, at, done, Math.min(TILE, count - done), first);
    }

    private void tile(
            Scratch s, MemorySegment[] from, long[] at, long done, long count, long first) {
        for (int k = 0; k < operands.length; k++)
            Bf16Tile.split(from[k], at[k] + done, s.wide[k], count);
        loop.run(s.wide, s.zero, count, first + done);
        for (int k = firstOutput; k < operands.length; k++)
            Bf16Tile.join(s.wide[k], from[k], at[k] + done, count);
    }
}
