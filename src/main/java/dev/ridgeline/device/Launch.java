package dev.ridgeline.device;

import java.util.List;

/// A kernel bound to its operands.
@FunctionalInterface
public interface Launch extends AutoCloseable {
    /// Enqueues the work. Never allocates, never falls back.
    void on(Stream stream);

    /// How each kind of launch fills the device, in the order of their first; empty where the
    /// device does not tell, or it means nothing.
    default List<Occupancy> occupancy() {
        return List.of();
    }

    /// Gives back what binding allocated on the device.
    @Override
    default void close() {}
}
