package dev.ridgeline.cuda;

import dev.ridgeline.device.OutOfDeviceMemory;

import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntSupplier;

/// The driver's calls on one device: memory, copies, streams. JCuda appears here, in
/// [DriverModules], [DriverRecords] and [DriverQueries] and nowhere else, so that another binding
/// can take its place where JCuda has no natives (aarch64).
///
/// Every method makes the device's context the calling thread's own, and throws [CudaError] with
/// what was being done. After an error that ends a context, every further call is refused with the
/// first error's sentence, and what only frees does nothing. Work that does not end is such an
/// error, after [Patience].
final class Driver implements AutoCloseable {
    /// Device memory.
    static final class Memory extends CUdeviceptr {
        Memory() {}

        private Memory(Memory whole, long at) {
            super(whole, at);
        }

        long address() {
            return getNativePointer() + getByteOffset();
        }

        /// What begins `at` bytes later.
        Memory part(long at) {
            return new Memory(this, at);
        }
    }

    static final class Queue extends CUstream {
        long address() {
            return getNativePointer();
        }
    }

    /// Host memory that the device reads and writes by itself.
    static final class Pinned extends Pointer {
        long address() {
            return getNativePointer();
        }

        @SuppressWarnings("restricted") // the driver allocated that many bytes there
        MemorySegment segment(long bytes) {
            return MemorySegment.ofAddress(address()).reinterpret(bytes);
        }
    }

    /// Memory of the host as JCuda takes it.
    private static final class Host extends Pointer {
        Host(MemorySegment segment) {
            super(segment.address());
        }
    }

    private static final int OUT_OF_MEMORY = CUresult.CUDA_ERROR_OUT_OF_MEMORY;

    /// The driver whose context the thread has as its own.
    private static final ThreadLocal<Driver> CURRENT = new ThreadLocal<>();

    private final String name;
    private final CUdevice device;
    private final CUcontext context = new CUcontext();
    private final DriverModules modules = new DriverModules(this);
    private final DriverRecords records = new DriverRecords(this);
    private final Patience patience = Patience.usual();
    private volatile Optional<CudaError> failure = Optional.empty();
    private LaunchStep last = new LaunchStep.None();

    /// Opens a device's primary context, which other libraries of the process share.
    Driver(int ordinal) {
        name = DriverQueries.name(ordinal);
        device = DriverQueries.device(ordinal);
        check(
                JCudaDriver.cuDevicePrimaryCtxRetain(context, device),
                "creating a context on the device");
    }

    /// Its kernels.
    DriverModules modules() {
        return modules;
    }

    /// Its events and graphs.
    DriverRecords records() {
        return records;
    }

    String name() {
        return name;
    }

    /// The error that ended the context, if one did.
    Optional<CudaError> failure() {
        return failure;
    }

    /// Makes the device's context the thread's own.
    void enter() {
        var ended = failure;
        if (ended.isPresent()) throw CudaError.after(name, ended.get());
        if (CURRENT.get() == this) return;
        check(JCudaDriver.cuCtxSetCurrent(context), "taking the device's context");
        CURRENT.set(this);
    }

    void check(int code, String doing, Object... sizes) {
        if (code != 0) throw failed(error(code), code, String.format(Locale.ROOT, doing, sizes));
    }

    /// `CUDA_ERROR_ILLEGAL_ADDRESS`.
    static String error(int code) {
        return CUresult.stringFor(code);
    }

    private CudaError failed(String error, int code, String doing) {
        var failed = new CudaError(name, code, error, doing);
        if (failed.fatal()) failure = Optional.of(failed);
        return failed;
    }

    /// Bytes of memory that nobody uses, and in all.
    long[] memory() {
        enter();
        long[] free = new long[1];
        long[] total = new long[1];
        check(JCudaDriver.cuMemGetInfo(free, total), "asking how much memory is free");
        return new long[] {free[0], total[0]};
    }

    /// @throws OutOfDeviceMemory if the device has no room
    Memory allocate(long bytes) {
        enter();
        var memory = new Memory();
        int code = JCudaDriver.cuMemAlloc(memory, bytes);
        if (code == OUT_OF_MEMORY) {
            long[] left = memory();
            throw new OutOfDeviceMemory(name, bytes, left[0], left[1]);
        }
        check(code, "allocating %,d bytes", bytes);
        return memory;
    }

    void free(Memory memory, long bytes) {
        if (failure.isPresent()) return;
        enter();
        check(JCudaDriver.cuMemFree(memory), "freeing %,d bytes", bytes);
    }

    Pinned pin(long bytes) {
        enter();
        var memory = new Pinned();
        check(
                JCudaDriver.cuMemHostAlloc(memory, bytes, JCudaDriver.CU_MEMHOSTALLOC_PORTABLE),
                "pinning %,d bytes of host memory",
                bytes);
        return memory;
    }

    void unpin(Pinned memory) {
        if (failure.isPresent()) return;
        enter();
        check(JCudaDriver.cuMemFreeHost(memory), "freeing pinned host memory");
    }

    void upload(Memory to, MemorySegment from, long bytes, Queue queue) {
        enter();
        check(
                JCudaDriver.cuMemcpyHtoDAsync(to, new Host(from), bytes, queue),
                "copying %,d bytes to the device",
                bytes);
    }

    void download(MemorySegment to, Memory from, long bytes, Queue queue) {
        enter();
        check(
                JCudaDriver.cuMemcpyDtoHAsync(new Host(to), from, bytes, queue),
                "copying %,d bytes from the device",
                bytes);
    }

    void copy(Memory to, Memory from, long bytes, Queue queue) {
        enter();
        check(
                JCudaDriver.cuMemcpyDtoDAsync(to, from, bytes, queue),
                "copying %,d bytes within the device",
                bytes);
    }

    void copyTo(Driver other, Memory to, Memory from, long bytes, Queue queue) {
        enter();
        check(
                JCudaDriver.cuMemcpyPeerAsync(to, other.context, from, context, bytes, queue),
                "copying %,d bytes to %s",
                bytes,
                other.name);
    }

    /// @param from of the other device
    void copyFrom(Driver other, Memory from, Memory to, long bytes, Queue queue) {
        enter();
        check(
                JCudaDriver.cuMemcpyPeerAsync(to, context, from, other.context, bytes, queue),
                "copying %,d bytes from %s",
                bytes,
                other.name);
    }

    /// Lets this device reach the other's memory; once is enough for a process.
    void enablePeer(Driver other) {
        enter();
        int code = JCudaDriver.cuCtxEnablePeerAccess(other.context, 0);
        if (code != CUresult.CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED)
            check(code, "reaching the memory of %s", other.name);
    }

    void enqueue(LaunchStep step, Queue queue) {
        enter();
        last = step;
        int code = step.on(queue.address());
        if (code != 0) throw failed(step.error(code), code, step.doing());
    }

    Queue queue() {
        enter();
        var queue = new Queue();
        check(
                JCudaDriver.cuStreamCreate(queue, CUstream_flags.CU_STREAM_NON_BLOCKING),
                "creating a stream");
        return queue;
    }

    void destroy(Queue queue) {
        if (failure.isPresent()) return;
        enter();
        check(JCudaDriver.cuStreamDestroy(queue), "ending a stream");
    }

    /// @param waiting for the sentence of an error: `waiting for the stream`
    void synchronize(Queue queue, String waiting) {
        await(() -> JCudaDriver.cuStreamQuery(queue), waiting);
    }

    /// Whether everything that was put into a stream is done.
    boolean idle(Queue queue) {
        enter();
        int code = JCudaDriver.cuStreamQuery(queue);
        if (code == CUresult.CUDA_ERROR_NOT_READY) return false;
        check(code, "asking whether a stream is done");
        return true;
    }

    /// Waits by asking, and not in the driver, which a kernel that never ends would not leave.
    ///
    /// @param done gives a `CUresult`, `NOT_READY` until what is waited for has happened
    /// @throws CudaError if it does not happen; the device is then given up
    void await(IntSupplier done, String waiting) {
        enter();
        int code = patience.until(done, CUresult.CUDA_ERROR_NOT_READY);
        if (code != CUresult.CUDA_ERROR_NOT_READY) check(code, waiting);
        else throw unending(waiting);
    }

    private CudaError unending(String waiting) {
        var unending = CudaError.unending(name, patience.seconds(), waiting, last.doing());
        failure = Optional.of(unending);
        return unending;
    }

    @Override
    public void close() {
        if (CURRENT.get() == this) {
            CURRENT.remove();
            if (failure.isEmpty()) JCudaDriver.cuCtxSetCurrent(new CUcontext());
        }
        if (failure.isEmpty())
            check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "releasing the context");
        // a failed context cannot be released, but some errors end with it; to end one that is busy
        // would wait for it
        else if (!failure.get().unending()) JCudaDriver.cuDevicePrimaryCtxReset(device);
    }
}
