package dev.ridgeline.device;

import dev.ridgeline.tensor.Buffer;

import java.lang.foreign.MemorySegment;

/// The way between a device's memory and memory beyond it: where what does not fit is kept, and
/// where what is loaded comes from. Copies run beside the device's stream, in the order in which
/// they are enqueued. One thread at a time may enqueue.
public interface Link extends AutoCloseable {
    /// Of what [#memory] gives, in bytes: the largest blocks that direct reads may ask for.
    long ALIGNMENT = 1 << 16;

    /// Where copies to the device are enqueued.
    Stream in();

    /// Where copies from the device are enqueued: the same stream as [#in] if only one copy runs at
    /// a time.
    Stream out();

    default boolean duplex() {
        return in() != out();
    }

    /// Memory beyond the device, zeroed, that copies are fastest from. Any thread may write to it;
    /// it is gone when this is closed.
    ///
    /// @throws OffloadFailure if it cannot be had
    MemorySegment memory(long bytes);

    /// A copy of all of `from`, part of [#memory], to byte `at` of `to`; for [#in].
    Launch fetch(Buffer to, long at, MemorySegment from);

    /// A copy to all of `to`, part of [#memory], from byte `at` of `from`; for [#out].
    Launch store(MemorySegment to, Buffer from, long at);

    /// A copy from byte `fromAt` of `from`, which is of another device of the same kind, to byte
    /// `at` of `to`; for [#in].
    Launch gather(Buffer to, long at, Buffer from, long fromAt, long bytes);

    @Override
    void close();
}
