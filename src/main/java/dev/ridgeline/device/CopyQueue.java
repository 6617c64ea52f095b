package dev.ridgeline.device;

import dev.ridgeline.tensor.Buffer;

import java.lang.foreign.MemorySegment;

/// Copies to a device's memory, in order among themselves and beside its kernels. One thread at a
/// time may use it.
public interface CopyQueue extends AutoCloseable {
    /// Everything enqueued before a point.
    interface Ticket {
        /// Waits until it has happened.
        ///
        /// @return seconds that the copies took since the ticket before, without what they waited
        double await();
    }

    /// Host memory from which the device copies at its full speed: page-locked, where that counts.
    /// Any thread may write to it; it is freed with the queue.
    ///
    /// @param alignment in bytes, a power of two, at most 64 KiB
    MemorySegment staging(long bytes, long alignment);

    /// Enqueues a copy; `from` must stay as it is until a later ticket was waited for.
    ///
    /// @param to of this device
    /// @param at first byte of `to`
    void upload(MemorySegment from, Buffer to, long at);

    /// Enqueues a copy from the memory of another device of the same kind.
    ///
    /// @param fromAt first byte of `from`
    /// @param at first byte of `to`, which is of this device
    void gather(Buffer from, long fromAt, Buffer to, long at, long bytes);

    /// Copies out of this device's memory, after what was enqueued, and waits for it.
    void download(Buffer from, long at, MemorySegment to);

    Ticket ticket();

    @Override
    void close();
}
