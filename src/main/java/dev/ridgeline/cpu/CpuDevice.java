package dev.ridgeline.cpu;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.Link;
import dev.ridgeline.device.Offload;
import dev.ridgeline.device.OutOfDeviceMemory;
import dev.ridgeline.device.Stream;
import dev.ridgeline.hardware.Processor;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.HostBuffer;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/// The host's cores and a capped part of its memory.
public final class CpuDevice implements Device {
    /// Stands for a last-level cache the system does not tell: larger than most, so that cold
    /// measurements stay cold.
    private static final long UNKNOWN_CACHE = 64L << 20;

    private final String name;
    private final long capacity;
    private final AtomicLong allocated = new AtomicLong();
    private final Workers workers;
    private final Stream stream = new CpuStream();
    private final Map<String, List<CpuKernel<?>>> kernels;

    /// @param threads that a kernel may use, the caller's among them
    /// @param capacity bytes that may be allocated at once
    public CpuDevice(String name, int threads, long capacity) {
        if (threads < 1) throw new IllegalArgumentException("a cpu needs at least one thread");
        this.name = name;
        this.capacity = capacity;
        this.workers = new Workers(threads);
        this.kernels =
                CpuKernels.all(workers).stream().collect(Collectors.groupingBy(k -> k.id().op()));
    }

    public int threads() {
        return workers.threads();
    }

    /// Bits in the vectors its kernels use.
    public static int vectorBits() {
        return Lanes.F32.vectorBitSize();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return Processor.host().model();
    }

    @Override
    public long capacity() {
        return capacity;
    }

    @Override
    public long allocated() {
        return allocated.get();
    }

    @Override
    public long lastLevelCache() {
        return Processor.host().lastLevelCache().orElse(UNKNOWN_CACHE);
    }

    @Override
    public Buffer allocate(long bytes) {
        long free = capacity - allocated.addAndGet(bytes) + bytes;
        if (bytes > free) {
            allocated.addAndGet(-bytes);
            throw new OutOfDeviceMemory(name, bytes, free, capacity);
        }
        return HostBuffer.of(bytes, () -> allocated.addAndGet(-bytes));
    }

    @Override
    public Stream stream() {
        return stream;
    }

    @Override
    public Link link(Offload offload, double mostBytesPerSecond) {
        return new CpuLink(offload, mostBytesPerSecond);
    }

    @Override
    @SuppressWarnings("unchecked") // a kernel's id names the op it is a kernel of
    public <O extends Op> List<Kernel<O>> kernels(Class<O> op) {
        return (List<Kernel<O>>) (List<?>) kernels.getOrDefault(Op.name(op), List.of());
    }

    @Override
    public void close() {
        workers.close();
    }
}
