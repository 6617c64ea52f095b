package dev.ridgeline.cuda;

import dev.ridgeline.device.CopyQueue;
import dev.ridgeline.device.Stream.Mark;
import dev.ridgeline.tensor.Buffer;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Copies on a stream of their own, from page-locked memory by the device's copy engine.
final class CudaCopies implements CopyQueue {
    private final CudaDevice device;
    private final CudaStream stream;
    private final List<Driver.Pinned> pinned = new ArrayList<>();
    private Optional<Mark> begun = Optional.empty();

    CudaCopies(CudaDevice device) {
        this.device = device;
        stream = new CudaStream(device.driver());
    }

    @Override
    public MemorySegment staging(long bytes, long alignment) {
        // the driver aligns to pages, some file systems ask for more
        var memory = device.driver().pin(bytes + alignment);
        pinned.add(memory);
        long skipped = -memory.address() & (alignment - 1);
        return memory.segment(bytes + alignment).asSlice(skipped, bytes);
    }

    private void begin() {
        if (begun.isEmpty()) begun = Optional.of(stream.mark());
    }

    @Override
    public void upload(MemorySegment from, Buffer to, long at) {
        begin();
        device.driver().uploadAt(own(to).memory(), at, from, stream.queue());
    }

    @Override
    public void gather(Buffer from, long fromAt, Buffer to, long at, long bytes) {
        begin();
        if (!(from instanceof CudaBuffer peer))
            throw new IllegalArgumentException("does not live on a GPU: " + from);
        device.driver()
                .copyFrom(
                        peer.device().driver(),
                        peer.memory(),
                        fromAt,
                        own(to).memory(),
                        at,
                        bytes,
                        stream.queue());
    }

    @Override
    public void download(Buffer from, long at, MemorySegment to) {
        device.driver().downloadAt(to, own(from).memory(), at, stream.queue());
        stream.synchronize();
    }

    private CudaBuffer own(Buffer buffer) {
        if (buffer instanceof CudaBuffer mine && mine.device() == device) return mine;
        throw new IllegalArgumentException("does not live on " + device.name() + ": " + buffer);
    }

    @Override
    public Ticket ticket() {
        if (begun.isEmpty()) return () -> 0;
        var from = begun.get();
        var to = stream.mark();
        begun = Optional.empty();
        return () -> stream.seconds(from, to);
    }

    @Override
    public void close() {
        stream.synchronize();
        pinned.forEach(device.driver()::unpin);
        stream.close();
    }
}
