package dev.ridgeline.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// NVIDIA's library of matrix products, as far as a peer of our kernels needs it. Its handles are
/// opaque; its numbers are those of `cublasLt.h`, the same in CUDA 12 and 13.
final class CublasLt {
    /// Makes something of a function that gives it by its first argument.
    interface Making<C> {
        int on(C call, MemorySegment made);
    }

    static final int NOT_SUPPORTED = 15;

    private static final Map<Integer, String> STATUS =
            Map.of(
                    1,
                    "CUBLAS_STATUS_NOT_INITIALIZED",
                    3,
                    "CUBLAS_STATUS_ALLOC_FAILED",
                    7,
                    "CUBLAS_STATUS_INVALID_VALUE",
                    8,
                    "CUBLAS_STATUS_ARCH_MISMATCH",
                    11,
                    "CUBLAS_STATUS_MAPPING_ERROR",
                    13,
                    "CUBLAS_STATUS_EXECUTION_FAILED",
                    14,
                    "CUBLAS_STATUS_INTERNAL_ERROR",
                    NOT_SUPPORTED,
                    "CUBLAS_STATUS_NOT_SUPPORTED");

    private record Library(Optional<CublasLt> cublas, String detail) {}

    private static final class Holder {
        static final Library LIBRARY = load();
    }

    private final NativeLibrary library;

    /// Making one takes far longer than asking for an algorithm.
    private final Map<CudaDevice, Long> handles = new ConcurrentHashMap<>();

    private CublasLt(NativeLibrary library) {
        this.library = library;
    }

    /// Empty where none loads; [#detail] says why.
    static Optional<CublasLt> open() {
        return Holder.LIBRARY.cublas();
    }

    /// Where it was found and its version, or why there is none.
    static String detail() {
        return Holder.LIBRARY.detail();
    }

    /// A library of a newer CUDA than the driver's would load and then fail.
    private static Library load() {
        int major = DriverQueries.version() / 1000;
        var names =
                major >= 13
                        ? List.of("libcublasLt.so.13", "libcublasLt.so.12")
                        : List.of("libcublasLt.so.12");
        var found = new LibrarySearch(System.getenv(), Path.of("/")).first(names);
        if (found.isEmpty())
            return new Library(
                    Optional.empty(),
                    String.join(" or ", names)
                            + " is not on the loader's path, in a CUDA toolkit, or in a Python"
                            + " environment");
        long version = found.get().call("cublasLtGetVersion", CublasCalls.Version.class).get();
        return new Library(
                Optional.of(new CublasLt(found.get())),
                "%s, version %d.%d.%d"
                        .formatted(
                                found.get().path(),
                                version / 10_000,
                                version / 100 % 100,
                                version % 100));
    }

    NativeLibrary library() {
        return library;
    }

    /// What the library keeps for a device; one for all products.
    long handle(CudaDevice device) {
        return handles.computeIfAbsent(
                device,
                of -> {
                    // the library takes the context that is the thread's own
                    of.driver().enter();
                    return made(
                            of.name(),
                            "cublasLtCreate",
                            CublasCalls.Create.class,
                            CublasCalls.Create::on);
                });
    }

    /// Ends what the library keeps for a device that is about to be closed.
    void release(CudaDevice device) {
        var handle = handles.remove(device);
        if (handle != null) destroy("cublasLtDestroy", handle);
    }

    <C> long made(String device, String function, Class<C> type, Making<C> making) {
        try (var arena = Arena.ofConfined()) {
            var made = arena.allocate(ADDRESS);
            check(device, making.on(library.call(function, type), made), function);
            return made.get(JAVA_LONG, 0);
        }
    }

    void destroy(String function, long what) {
        library.call(function, CublasCalls.Destroy.class).on(what);
    }

    static String status(int code) {
        return STATUS.getOrDefault(code, "CUBLAS_STATUS " + code);
    }

    static void check(String device, int code, String doing) {
        if (code != 0) throw new CudaError(device, code, status(code), doing);
    }
}
