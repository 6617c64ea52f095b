package dev.ridgeline.cuda;

import dev.ridgeline.tensor.Buffer;

import java.lang.foreign.MemorySegment;

/// Memory of one CUDA device, aligned to 256 bytes. Copies are ordered with the device's stream and
/// have ended when they return.
public final class CudaBuffer implements Buffer {
    private final CudaDevice device;
    private final Driver.Memory memory;
    private final long bytes;
    private boolean closed;

    CudaBuffer(CudaDevice device, Driver.Memory memory, long bytes) {
        this.device = device;
        this.memory = memory;
        this.bytes = bytes;
    }

    CudaDevice device() {
        return device;
    }

    /// Where it begins in the device's address space.
    long address() {
        return memory.address();
    }

    Driver.Memory memory() {
        return memory;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void upload(MemorySegment host) {
        var queue = device.stream().queue();
        device.driver().upload(memory, host.asSlice(0, bytes), bytes, queue);
        device.driver().synchronize(queue, "copying %,d bytes to the device".formatted(bytes));
    }

    @Override
    public void download(MemorySegment host) {
        var queue = device.stream().queue();
        device.driver().download(host.asSlice(0, bytes), memory, bytes, queue);
        device.driver().synchronize(queue, "copying %,d bytes from the device".formatted(bytes));
    }

    @Override
    public synchronized void close() {
        if (closed) return;
        closed = true;
        device.free(this);
    }

    @Override
    public String toString() {
        return "%d bytes on %s".formatted(bytes, device.name());
    }
}
