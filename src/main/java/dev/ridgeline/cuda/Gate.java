package dev.ridgeline.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/// Keeps a stream waiting for a word of pinned host memory while the host fills it, so that the
/// time of a batch of launches is the device's and not that of the calls.
final class Gate implements AutoCloseable {
    /// `cuStreamWaitValue32_v2`: the stream waits until the word, as a signed distance, is at least
    /// `value`.
    public interface WaitValue {
        int on(long stream, long address, int value, int flags);
    }

    /// A stream takes in about a thousand launches before a call blocks, and a call that blocks on
    /// a closed gate would never return.
    private static final int MOST_STEPS = 512;

    private static final int GREATER_OR_EQUAL = 0;
    private static final VarHandle WORD = ValueLayout.JAVA_INT.varHandle();

    private final Driver driver;
    private final Driver.Queue queue;
    private final WaitValue call;
    private final Driver.Pinned memory;
    private final MemorySegment word;
    private int opened;
    private int closed;
    private int steps;

    private Gate(Driver driver, Driver.Queue queue, WaitValue call) {
        this.driver = driver;
        this.queue = queue;
        this.call = call;
        memory = driver.pin(Integer.BYTES);
        word = memory.segment(Integer.BYTES);
        WORD.setVolatile(word, 0L, 0);
    }

    /// Empty where the driver has no such waits.
    static Optional<Gate> of(Driver driver, Driver.Queue queue) {
        return LibCuda.library()
                .find("cuStreamWaitValue32_v2", WaitValue.class)
                .map(call -> new Gate(driver, queue, call));
    }

    /// What is enqueued from here on waits.
    void shut() {
        closed = opened + 1;
        steps = 0;
        driver.check(
                call.on(queue.address(), memory.address(), closed, GREATER_OR_EQUAL),
                "making the stream wait for the host");
    }

    /// Counts what is enqueued; opens before the stream is full.
    void count(int launches) {
        steps += launches;
        if (closed != opened && steps > MOST_STEPS) open();
    }

    void open() {
        opened = closed;
        WORD.setRelease(word, 0L, opened);
    }

    @Override
    public void close() {
        open();
        driver.unpin(memory);
    }
}
