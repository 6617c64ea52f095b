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
        var memory = device.driver().pin(bytes);
        pinned.add(memory);
        return memory.segment(bytes).fill((byte) 0);
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

    private Driver.Memory part(Buffer buffer, long at, long bytes) {
        if (!(buffer instanceof CudaBuffer own) || own.device() != device)
            throw new IllegalArgumentException("a buffer of another device: " + buffer);
        if (at < 0 || at + bytes > own.bytes())
            throw new IllegalArgumentException(
                    "%,d bytes at %,d are not in a buffer of %,d"
                            .formatted(bytes, at, own.bytes()));
        return own.memory().part(at);
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
