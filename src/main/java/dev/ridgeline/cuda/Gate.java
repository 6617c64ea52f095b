package dev.ridgeline.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// Keeps a stream waiting for a word of pinned host memory while the host fills it, so that the
/// time of a batch of launches is the device's and not that of the calls.
///
/// What is enqueued behind a closed gate must not make the host wait, or nobody would open it. So
/// the gate is tried once before it is relied on; it opens by itself before a stream is full; and
/// if a call waits all the same, a guard opens it within a second. A gate that does not work stays
/// open for good and says why.
final class Gate implements AutoCloseable {
    /// `cuStreamWaitValue32_v2`: the stream waits until the word, as a signed distance, is at least
    /// `value`.
    public interface WaitValue {
        int on(long stream, long address, int value, int flags);
    }

    private static final String CALL = "cuStreamWaitValue32_v2";

    /// A stream takes in about a thousand launches before a call blocks.
    private static final int MOST_STEPS = 512;

    private static final int GREATER_OR_EQUAL = 0;
    private static final VarHandle WORD = ValueLayout.JAVA_INT.varHandle();
    private static final long GUARD_MILLISECONDS = 500;

    /// One may be a pause of the whole process.
    private static final int MOST_RESCUES = 3;

    /// Of the trial; an open gate lets the stream go on within microseconds.
    private static final Patience TRIAL = new Patience(1);

    private static final long TRIAL_NANOSECONDS = 200_000;

    private final Driver driver;
    private final Driver.Queue queue;
    private final Driver.Pinned memory;
    private final MemorySegment word;
    private final Optional<WaitValue> call;
    private final Thread guard;
    private volatile Optional<String> broken = Optional.empty();
    private volatile int opened;
    private volatile int closed;
    private int steps;

    Gate(Driver driver, Driver.Queue queue) {
        this.driver = driver;
        this.queue = queue;
        memory = driver.pin(Integer.BYTES);
        word = memory.segment(Integer.BYTES);
        WORD.setVolatile(word, 0L, 0);
        call = LibCuda.library().find(CALL, WaitValue.class);
        guard =
                Thread.ofPlatform()
                        .daemon()
                        .name("gate of " + driver.name())
                        .unstarted(this::guard);
        broken = trial();
        if (broken.isEmpty()) guard.start();
    }

    /// Whether a stream waits at the gate, and goes on when it is opened.
    private Optional<String> trial() {
        if (call.isEmpty()) return Optional.of("the driver has no " + CALL);
        driver.synchronize(queue, "waiting for the stream");
        int code = enqueue(++closed);
        if (code != 0) return Optional.of(Driver.error(code) + " of " + CALL);
        LockSupport.parkNanos(TRIAL_NANOSECONDS);
        boolean waits = !driver.idle(queue);
        open();
        if (TRIAL.until(() -> driver.idle(queue) ? 1 : 0, 0) == 0)
            return Optional.of("a stream that waited for the host did not go on");
        return waits ? Optional.empty() : Optional.of("a stream did not wait for the host");
    }

    private int enqueue(int value) {
        driver.enter();
        return call.orElseThrow().on(queue.address(), memory.address(), value, GREATER_OR_EQUAL);
    }

    /// Why streams are no longer kept waiting.
    Optional<String> broken() {
        return broken;
    }

    /// What is enqueued from here on waits.
    void shut() {
        if (broken.isPresent()) return;
        steps = 0;
        int value = opened + 1;
        driver.check(enqueue(value), "making the stream wait for the host");
        closed = value;
    }

    /// Before so many launches are enqueued; opens where the stream might have no room for them.
    void count(int launches) {
        steps += launches;
        if (closed != opened && steps > MOST_STEPS) open();
    }

    synchronized void open() {
        opened = closed;
        WORD.setRelease(word, 0L, opened);
    }

    /// Opens a gate that it sees shut twice in a row.
    private void guard() {
        try {
            int rescues = 0;
            for (int seen = opened; rescues < MOST_RESCUES; seen = closed) {
                Thread.sleep(GUARD_MILLISECONDS);
                if (closed == opened || closed != seen) continue;
                if (++rescues == MOST_RESCUES)
                    broken = Optional.of("a launch behind the gate made the host wait");
                open();
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        guard.interrupt();
        open();
        driver.unpin(memory);
    }
}
