package dev.ridgeline.cuda;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Link;
import dev.ridgeline.device.Stream;
import dev.ridgeline.tensor.Buffer;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Pinned host memory and a stream for each direction, which a GPU's copy engines serve beside its
/// kernels and at the same time.
final class CudaLink implements Link {
    private final CudaDevice device;
    private final CudaStream in;
    private final CudaStream out;
    private final List<Driver.Pinned> pinned = new ArrayList<>();

    CudaLink(CudaDevice device) {
        this.device = device;
        in = new CudaStream(device.driver());
        out = new CudaStream(device.driver());
    }

    @Override
    public Stream in() {
        return in;
    }

    @Override
    public Stream out() {
        return out;
    }

    @Override
    public MemorySegment memory(long bytes) {
        // the driver aligns to pages only
        var memory = device.driver().pin(bytes + ALIGNMENT);
        pinned.add(memory);
        long skipped = -memory.address() & (ALIGNMENT - 1);
        return memory.segment(bytes + ALIGNMENT).asSlice(skipped, bytes).fill((byte) 0);
    }

    @Override
    public Launch fetch(Buffer to, long at, MemorySegment from) {
        var target = part(to, at, from.byteSize());
        return stream ->
                device.driver().upload(target, from, from.byteSize(), device.own(stream).queue());
    }

    @Override
    public Launch store(MemorySegment to, Buffer from, long at) {
        var source = part(from, at, to.byteSize());
        return stream ->
                device.driver().download(to, source, to.byteSize(), device.own(stream).queue());
    }

    @Override
    public Launch gather(Buffer to, long at, Buffer from, long fromAt, long bytes) {
        var target = part(to, at, bytes);
        var peer = onGpu(from);
        var source = part(peer, fromAt, bytes);
        return stream ->
                device.driver()
                        .copyFrom(
                                peer.device().driver(),
                                source,
                                target,
                                bytes,
                                device.own(stream).queue());
    }

    private Driver.Memory part(Buffer buffer, long at, long bytes) {
        var own = onGpu(buffer);
        if (own.device() == device) return part(own, at, bytes);
        throw new IllegalArgumentException(
                "does not live on %s: %s".formatted(device.name(), buffer));
    }

    private static CudaBuffer onGpu(Buffer buffer) {
        if (buffer instanceof CudaBuffer gpu) return gpu;
        throw new IllegalArgumentException("does not live on a GPU: " + buffer);
    }

    private static Driver.Memory part(CudaBuffer buffer, long at, long bytes) {
        if (at < 0 || at + bytes > buffer.bytes())
            throw new IllegalArgumentException(
                    "%,d bytes at %,d are not in a buffer of %,d"
                            .formatted(bytes, at, buffer.bytes()));
        return buffer.memory().part(at);
    }

    @Override
    public void close() {
        in.synchronize();
        out.synchronize();
        in.close();
        out.close();
        pinned.forEach(device.driver()::unpin);
        pinned.clear();
    }
}
