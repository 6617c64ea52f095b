package dev.ridgeline.device;

/// A kernel bound to its operands.
@FunctionalInterface
public interface Launch extends AutoCloseable {
    /// Enqueues the work. Never allocates, never falls back.
    void on(Stream stream);

    /// Gives back what binding allocated on the device.
    @Override
    default void close() {}
}
