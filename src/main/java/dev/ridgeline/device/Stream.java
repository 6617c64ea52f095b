package dev.ridgeline.device;

/// An in-order queue of work on a device.
public interface Stream extends AutoCloseable {
    /// A point in this stream's order.
    interface Mark {}

    Mark mark();

    /// Seconds between two marks of streams of this device; waits for both.
    double seconds(Mark from, Mark to);

    /// Lets what is enqueued from here on begin only when `mark`, of another stream of the same
    /// device, has been passed.
    default void await(Mark mark) {
        throw new UnsupportedOperationException("this stream waits for no other");
    }

    /// Asks that what is enqueued from here on begins only at [#release], so that the time between
    /// two marks is the device's own and not the host's. A stream whose work is done as it is
    /// enqueued does nothing. Nothing may be waited for in between.
    default void hold() {}

    default void release() {}

    /// Launches that [#hold] can keep back.
    default int mostHeld() {
        return Integer.MAX_VALUE;
    }

    /// Waits until everything enqueued so far is done.
    void synchronize();

    @Override
    void close();
}
