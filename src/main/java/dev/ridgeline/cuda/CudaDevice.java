package dev.ridgeline.cuda;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Link;
import dev.ridgeline.device.Offload;
import dev.ridgeline.device.OutOfDeviceMemory;
import dev.ridgeline.device.Stream;
import dev.ridgeline.device.Transfer;
import dev.ridgeline.hardware.ComputeCapability;
import dev.ridgeline.op.Op;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;
import java.util.stream.Collectors;

/// One GPU, or one device of the stand-in driver.
public final class CudaDevice implements Device {
    private final int ordinal;
    private final Driver driver;
    private final GpuRecord record;
    private final long capacity;
    private final AtomicLong allocated = new AtomicLong();
    private final CudaStream stream;
    private final KernelImages images;
    private final Map<String, List<CudaKernel<?>>> kernels;

    /// @param ordinal as the driver counts, after `CUDA_VISIBLE_DEVICES`
    /// @param limit bytes that may be allocated at once, given those that are free now
    /// @throws CudaError if the driver does not start or has no such device
    public static CudaDevice open(int ordinal, LongUnaryOperator limit) {
        DriverQueries.count(); // starts the driver
        var driver = new Driver(ordinal);
        try {
            return new CudaDevice(ordinal, driver, limit);
        } catch (RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    private CudaDevice(int ordinal, Driver driver, LongUnaryOperator limit) {
        this.ordinal = ordinal;
        this.driver = driver;
        record = GpuRecord.of(ordinal);
        long free = driver.memory()[0];
        capacity = Math.min(free, limit.applyAsLong(free));
        stream = new CudaStream(driver);
        images =
                new KernelImages(
                        driver,
                        ComputeCapability.of(record.computeCapability()),
                        LibCuda.standinKernels());
        kernels = CudaKernels.all().stream().collect(Collectors.groupingBy(k -> k.id().op()));
    }

    /// Whether it is the stand-in driver's, which computes on the CPU and whose speed means
    /// nothing.
    public boolean standin() {
        return LibCuda.standinKernels().isPresent();
    }

    /// What the driver says of it.
    public GpuRecord record() {
        return record;
    }

    Driver driver() {
        return driver;
    }

    int threadsPerMultiprocessor() {
        return DriverQueries.attribute(ordinal, DriverQueries.THREADS_PER_MULTIPROCESSOR);
    }

    KernelImages images() {
        return images;
    }

    @Override
    public OptionalInt multiprocessors() {
        return OptionalInt.of(record.multiprocessors());
    }

    @Override
    public String name() {
        return driver.name();
    }

    @Override
    public String description() {
        return record.description();
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
        return record.l2();
    }

    /// By `cuMemAlloc` and not from a pool (`cuMemAllocAsync`): nothing is allocated while
    /// something is timed, filling a buffer takes far longer than the call's synchronisation, and a
    /// pool would keep what was freed from the other libraries of the process, and from what
    /// `cuMemGetInfo` calls free.
    @Override
    public CudaBuffer allocate(long bytes) {
        long free = capacity - allocated.addAndGet(bytes) + bytes;
        if (bytes > free) {
            allocated.addAndGet(-bytes);
            throw new OutOfDeviceMemory(name(), bytes, free, capacity);
        }
        try {
            return new CudaBuffer(this, driver.allocate(bytes), bytes);
        } catch (RuntimeException e) {
            allocated.addAndGet(-bytes);
            throw e;
        }
    }

    void free(CudaBuffer buffer) {
        allocated.addAndGet(-buffer.bytes());
        driver.free(buffer.memory(), buffer.bytes());
    }

    @Override
    public CudaStream stream() {
        return stream;
    }

    /// The stream, if it is one of this device.
    CudaStream own(Stream other) {
        if (other instanceof CudaStream queue && queue.driver() == driver) return queue;
        throw new IllegalArgumentException(
                "what is bound to %s was launched on a stream of another device".formatted(name()));
    }

    /// Whether its kernels and copies reach another device's memory without the host.
    boolean reaches(int ordinal) {
        return DriverQueries.reaches(this.ordinal, ordinal);
    }

    @Override
    public Link link(Offload offload, double mostBytesPerSecond) {
        if (!(offload instanceof Offload.Host))
            throw new UnsupportedOperationException(
                    "%s copies from page-locked memory, which a file's is not: only a CPU's can be"
                                    .formatted(name())
                            + " offloaded to a folder");
        if (mostBytesPerSecond != Double.POSITIVE_INFINITY)
            throw new UnsupportedOperationException(
                    "copies of %s are as fast as its link; only those of a CPU can be slowed"
                            .formatted(name()));
        return new CudaLink(this);
    }

    @Override
    public List<Transfer> transfers() {
        return new CudaTransfers(this).all();
    }

    @Override
    public Launch sequence(List<Launch> launches) {
        return launches.isEmpty() ? Device.super.sequence(launches) : new CudaGraph(this, launches);
    }

    @Override
    @SuppressWarnings("unchecked") // a kernel's id names the op it is a kernel of
    public <O extends Op> List<Kernel<O>> kernels(Class<O> op) {
        return kernels.getOrDefault(Op.name(op), List.of()).stream()
                .map(kernel -> ((CudaKernel<O>) kernel).on(this))
                .toList();
    }

    @Override
    public void close() {
        if (driver.failure().isEmpty() && !standin())
            CublasLt.open().ifPresent(library -> library.release(this));
        images.close();
        stream.close();
        driver.close();
    }
}
