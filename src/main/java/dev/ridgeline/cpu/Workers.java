package dev.ridgeline.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// A fixed team of platform threads, the caller among them, that runs numbered tasks.
///
/// Which thread runs a task is not defined, so a kernel's result may depend on the task's number
/// and never on the worker's, and the number of tasks not on the number of threads: that is what
/// makes results independent of the thread count.
final class Workers implements AutoCloseable {
    /// One unit of work.
    @FunctionalInterface
    interface Task {
        /// @param worker in `[0, threads)`, for scratch memory that no other running task uses
        void run(int task, int worker);
    }

    // long enough that a training step's next op finds the team awake, short enough to yield a core
    private static final int SPINS = 20_000;

    private static final int OPEN = 1 << 16;

    private final Thread[] threads;
    private final AtomicInteger next = new AtomicInteger();

    /// Workers that take part, and [#OPEN] as long as others may join.
    private final AtomicInteger taking = new AtomicInteger();

    private volatile int generation;
    private volatile boolean closed;
    private Task task;
    private int tasks;
    private volatile Throwable failure;

    Workers(int threads) {
        this.threads = new Thread[threads - 1];
        for (int i = 0; i < threads - 1; i++) {
            int worker = i + 1;
            this.threads[i] =
                    Thread.ofPlatform()
                            .daemon()
                            .name("ridgeline-worker-" + worker)
                            .start(() -> serve(worker));
        }
    }

    int threads() {
        return threads.length + 1;
    }

    /// Runs `task` for every number in `[0, tasks)` and returns when all are done. Not reentrant;
    /// one caller at a time.
    ///
    /// @throws RuntimeException or Error the first one that a task threw
    synchronized void run(int tasks, Task task) {
        if (threads.length == 0 || tasks == 1) {
            for (int i = 0; i < tasks; i++) task.run(i, 0);
            return;
        }
        this.task = task;
        this.tasks = tasks;
        failure = null;
        next.set(0);
        taking.addAndGet(OPEN);
        generation++;
        for (var thread : threads) LockSupport.unpark(thread);
        drain(0);
        // nothing is left to take: one that wakes up only now is not waited for
        taking.addAndGet(-OPEN);
        while (taking.get() != 0) Thread.onSpinWait();
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError(failure);
        }
    }

    private void drain(int worker) {
        try {
            for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement())
                task.run(i, worker);
        } catch (RuntimeException | Error e) {
            failure = e;
            next.set(tasks);
        }
    }

    private void serve(int worker) {
        int seen = 0;
        while (true) {
            for (int i = 0; generation == seen && i < SPINS; i++) Thread.onSpinWait();
            while (generation == seen && !closed) LockSupport.park(this);
            if (closed) return;
            seen = generation;
            // one that comes late may join the next run, and then finds nothing to do in its own
            if (taking.getAndIncrement() >= OPEN) drain(worker);
            taking.decrementAndGet();
        }
    }

    @Override
    public void close() {
        closed = true;
        for (var thread : threads) LockSupport.unpark(thread);
    }
}
