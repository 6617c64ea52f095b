package dev.ridgeline.cpu;

import dev.ridgeline.device.Stream;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/// A thread that copies beside the one that computes, in order: the copy engine of a CPU whose
/// "device memory" is a capped part of the host's.
final class CopyStream implements Stream {
    private static final long CHUNK = 1L << 20;

    // long enough that a step's next copy finds the thread awake, short enough to yield a core
    private static final int SPINS = 20_000;

    private static final long NAP_NANOS = 20_000;

    /// A mark, which this thread passes.
    static final class Passing implements Mark {
        private volatile boolean passed;
        private long nanos;

        private void pass() {
            nanos = System.nanoTime();
            passed = true;
        }

        /// @return when, as [System#nanoTime] counts
        long await() {
            for (int i = 0; !passed && i < SPINS; i++) Thread.onSpinWait();
            while (!passed) LockSupport.parkNanos(NAP_NANOS);
            return nanos;
        }
    }

    private final double mostBytesPerSecond;
    private final ConcurrentLinkedQueue<Runnable> work = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean closed;

    CopyStream(double mostBytesPerSecond) {
        this.mostBytesPerSecond = mostBytesPerSecond;
        thread = Thread.ofPlatform().daemon().name("ridgeline-copy").start(this::serve);
    }

    private void serve() {
        while (true) {
            var next = work.poll();
            for (int i = 0; next == null && i < SPINS; i++) {
                Thread.onSpinWait();
                next = work.poll();
            }
            if (next != null) next.run();
            else if (closed) return;
            else LockSupport.park(this);
        }
    }

    private void enqueue(Runnable task) {
        if (closed) throw new IllegalStateException("the link is closed");
        work.add(task);
        LockSupport.unpark(thread);
    }

    /// Enqueues a copy of all of `from` to `to`.
    void copy(MemorySegment from, MemorySegment to) {
        enqueue(() -> move(from, to));
    }

    private void move(MemorySegment from, MemorySegment to) {
        long begun = System.nanoTime();
        long bytes = from.byteSize();
        for (long at = 0; at < bytes; at += CHUNK) {
            long chunk = Math.min(CHUNK, bytes - at);
            MemorySegment.copy(from, at, to, at, chunk);
            double due = (at + chunk) / mostBytesPerSecond * 1e9;
            for (long left = left(begun, due); left > 0; left = left(begun, due))
                if (left > NAP_NANOS) LockSupport.parkNanos(left - NAP_NANOS / 2);
                else Thread.onSpinWait();
        }
    }

    private static long left(long begun, double due) {
        return (long) (begun + due - System.nanoTime());
    }

    @Override
    public Passing mark() {
        var mark = new Passing();
        enqueue(mark::pass);
        return mark;
    }

    @Override
    public double seconds(Mark from, Mark to) {
        return (CpuStream.nanos(to) - CpuStream.nanos(from)) * 1e-9;
    }

    /// Marks of the computing thread have been passed when they are made, and this thread's own
    /// come in order.
    @Override
    public void await(Mark mark) {}

    @Override
    public void synchronize() {
        mark().await();
    }

    @Override
    public void close() {
        if (closed) return;
        synchronize();
        closed = true;
        LockSupport.unpark(thread);
    }
}
