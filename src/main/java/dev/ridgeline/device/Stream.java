package dev.ridgeline.device;

/// An in-order queue of work on a device.
public interface Stream extends AutoCloseable {
    /// A point in this stream's order.
    interface Mark {}

    Mark mark();

    /// Seconds between two marks of this stream; waits for `to`.
    double seconds(Mark from, Mark to);

    /// Waits until everything enqueued so far is done.
    void synchronize();

    @Override
    void close();
}
