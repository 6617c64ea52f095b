package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Link;
import dev.ridgeline.device.Offload;
import dev.ridgeline.device.Stream;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.HostBuffer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Real copies within the host's memory, by one thread and so one at a time, that play the link
/// between a device and its host.
final class CpuLink implements Link {
    private final Arena arena = Arena.ofShared();
    private final Offload offload;
    private final CopyStream stream;

    CpuLink(Offload offload, double mostBytesPerSecond) {
        this.offload = offload;
        stream = new CopyStream(mostBytesPerSecond);
    }

    @Override
    public Stream in() {
        return stream;
    }

    @Override
    public Stream out() {
        return stream;
    }

    @Override
    public MemorySegment memory(long bytes) {
        return switch (offload) {
            case Offload.Host _ -> arena.allocate(bytes, ALIGNMENT);
            case Offload.Folder folder -> folder.memory(bytes, arena);
        };
    }

    @Override
    public Launch fetch(Buffer to, long at, MemorySegment from) {
        var target = part(to, at, from.byteSize());
        return _ -> stream.copy(from, target);
    }

    @Override
    public Launch store(MemorySegment to, Buffer from, long at) {
        var source = part(from, at, to.byteSize());
        return _ -> stream.copy(source, to);
    }

    @Override
    public Launch gather(Buffer to, long at, Buffer from, long fromAt, long bytes) {
        return fetch(to, at, part(from, fromAt, bytes));
    }

    private static MemorySegment part(Buffer buffer, long at, long bytes) {
        if (buffer instanceof HostBuffer host) return host.segment().asSlice(at, bytes);
        throw new IllegalArgumentException("does not live in host memory: " + buffer);
    }

    @Override
    public void close() {
        stream.close();
        arena.close();
    }
}
