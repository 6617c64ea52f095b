package dev.ridgeline.device;

import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.HostBuffer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Copies into a device whose memory is the host's: they are done by the thread that asks for them,
/// before it goes on.
final class HostCopies implements CopyQueue {
    private final Arena arena = Arena.ofShared();
    private long nanos;

    @Override
    public MemorySegment staging(long bytes, long alignment) {
        return arena.allocate(bytes, alignment);
    }

    @Override
    public void upload(MemorySegment from, Buffer to, long at) {
        copy(from, 0, to, at, from.byteSize());
    }

    @Override
    public void gather(Buffer from, long fromAt, Buffer to, long at, long bytes) {
        copy(segment(from), fromAt, to, at, bytes);
    }

    @Override
    public void download(Buffer from, long at, MemorySegment to) {
        MemorySegment.copy(segment(from), at, to, 0, to.byteSize());
    }

    private void copy(MemorySegment from, long begin, Buffer to, long at, long bytes) {
        long start = System.nanoTime();
        MemorySegment.copy(from, begin, segment(to), at, bytes);
        nanos += System.nanoTime() - start;
    }

    private static MemorySegment segment(Buffer buffer) {
        if (buffer instanceof HostBuffer host) return host.segment();
        throw new IllegalArgumentException("does not live in host memory: " + buffer);
    }

    @Override
    public Ticket ticket() {
        double seconds = nanos * 1e-9;
        nanos = 0;
        return () -> seconds;
    }

    @Override
    public void close() {
        arena.close();
    }
}
