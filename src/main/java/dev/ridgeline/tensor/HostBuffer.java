package dev.ridgeline.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Native host memory, zeroed, aligned to a cache line (which is also the widest vector); in large
/// pages where the system has them.
public final class HostBuffer implements Buffer {
    /// Bytes in a cache line of every CPU we know.
    public static final int ALIGNMENT = 64;

    private final Arena arena;
    private final MemorySegment segment;
    private final Runnable onClose;
    private boolean closed;

    private HostBuffer(Arena arena, MemorySegment segment, Runnable onClose) {
        this.arena = arena;
        this.segment = segment;
        this.onClose = onClose;
    }

    public static HostBuffer of(long bytes) {
        return of(bytes, () -> {});
    }

    /// @param onClose runs once, when the memory is given back
    public static HostBuffer of(long bytes, Runnable onClose) {
        Arena arena = Arena.ofShared();
        var memory =
                LargePages.allocate(bytes, arena).orElseGet(() -> arena.allocate(bytes, ALIGNMENT));
        return new HostBuffer(arena, memory, onClose);
    }

    /// The whole memory of the buffer behind `t`; element 0 of `t` is at `t.offset() *
    /// t.dtype().bytes()`.
    ///
    /// @throws IllegalArgumentException if `t` lives somewhere else
    public static MemorySegment segment(Tensor t) {
        if (t.buffer() instanceof HostBuffer host) return host.segment;
        throw new IllegalArgumentException("tensor does not live in host memory: " + t.buffer());
    }

    public MemorySegment segment() {
        return segment;
    }

    @Override
    public long bytes() {
        return segment.byteSize();
    }

    @Override
    public void upload(MemorySegment host) {
        segment.copyFrom(host.asSlice(0, bytes()));
    }

    @Override
    public void download(MemorySegment host) {
        host.asSlice(0, bytes()).copyFrom(segment);
    }

    @Override
    public synchronized void close() {
        if (closed) return;
        closed = true;
        arena.close();
        onClose.run();
    }
}
