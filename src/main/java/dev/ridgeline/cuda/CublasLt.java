package dev.ridgeline.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
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
    /// `cublasStatus_t f(handle *)`.
    public interface Create {
        int on(MemorySegment handle);
    }

    public interface Destroy {
        int on(long handle);
    }

    public interface Version {
        long get();
    }

    public interface DescCreate {
        int on(MemorySegment descriptor, int computeType, int scaleType);
    }

    public interface LayoutCreate {
        int on(MemorySegment layout, int type, long rows, long columns, long leading);
    }

    public interface SetAttribute {
        int on(long descriptor, int attribute, MemorySegment value, long bytes);
    }

    public interface Heuristic {
        int on(
                long handle,
                long descriptor,
                long a,
                long b,
                long c,
                long d,
                long preference,
                int wanted,
                MemorySegment results,
                MemorySegment found);
    }

    public interface Matmul {
        int on(
                long handle,
                long descriptor,
                MemorySegment alpha,
                long a,
                long aLayout,
                long b,
                long bLayout,
                MemorySegment beta,
                long c,
                long cLayout,
                long d,
                long dLayout,
                MemorySegment algorithm,
                long workspace,
                long workspaceBytes,
                long stream);
    }

    /// `cudaDataType_t`.
    static final int F32 = 0;

    static final int BF16 = 14;

    /// `cublasComputeType_t`: accumulation in f32.
    private static final int COMPUTE_F32 = 68;

    private static final int TRANSPOSE_A = 3;
    private static final int TRANSPOSE_B = 4;
    private static final int BATCHES = 5;
    private static final int BATCH_STRIDE = 6;
    private static final int WORKSPACE_BYTES = 1;

    /// `CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES` and those of b, c and d; the library takes 256
    /// for granted.
    private static final int[] ALIGNMENTS = {5, 6, 7, 8};

    /// `cublasLtMatmulHeuristicResult_t`: an algorithm of 64 bytes, the workspace it takes, its
    /// status, the number of its waves, and reserved words.
    private static final int RESULT_BYTES = 96;

    private static final int WORKSPACE_OFFSET = 64;

    private static final int NOT_SUPPORTED = 15;

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
    private final Matmul matmul;

    /// Making one takes far longer than asking for an algorithm.
    private final Map<CudaDevice, Long> handles = new ConcurrentHashMap<>();

    private CublasLt(NativeLibrary library) {
        this.library = library;
        matmul = library.call("cublasLtMatmul", Matmul.class);
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
        long version = found.get().call("cublasLtGetVersion", Version.class).get();
        return new Library(
                Optional.of(new CublasLt(found.get())),
                "%s, version %d.%d.%d"
                        .formatted(
                                found.get().path(),
                                version / 10_000,
                                version / 100 % 100,
                                version % 100));
    }

    /// Ends what the library keeps for a device that is about to be closed.
    void release(CudaDevice device) {
        var handle = handles.remove(device);
        if (handle != null) library.call("cublasLtDestroy", Destroy.class).on(handle);
    }

    /// A strided matrix of the library's: column-major, so one of ours transposed.
    ///
    /// @param type `cudaDataType_t`
    record Matrix(
            long address,
            int type,
            long rows,
            long columns,
            long leading,
            int batch,
            long stride) {}

    /// A product that is ready to run: `d = a · b`, or `d += a · b`, each of `a` and `b` transposed
    /// if so said.
    final class Product implements AutoCloseable {
        private final Arena arena = Arena.ofShared();
        private final MemorySegment alpha = arena.allocateFrom(JAVA_FLOAT, 1);
        private final MemorySegment beta;
        private final MemorySegment algorithm;
        private final long handle;
        private final long descriptor;
        private final Matrix[] operands;
        private final long[] layouts = new long[3];
        private final long workspaceBytes;
        private long workspace;

        /// Asks the library for its best algorithm.
        ///
        /// @param most bytes of workspace
        /// @throws CudaError if it has none
        Product(
                CudaDevice of,
                boolean transposeA,
                Matrix a,
                boolean transposeB,
                Matrix b,
                Matrix d,
                boolean accumulate,
                long most) {
            var device = of.name();
            operands = new Matrix[] {a, b, d};
            beta = arena.allocateFrom(JAVA_FLOAT, accumulate ? 1 : 0);
            handle =
                    handles.computeIfAbsent(
                            of, _ -> made(device, "cublasLtCreate", Create.class, Create::on));
            descriptor =
                    made(
                            device,
                            "cublasLtMatmulDescCreate",
                            DescCreate.class,
                            (call, made) -> call.on(made, COMPUTE_F32, F32));
            describe(
                    device,
                    "cublasLtMatmulDescSetAttribute",
                    descriptor,
                    TRANSPOSE_A,
                    transposeA ? 1 : 0,
                    4);
            describe(
                    device,
                    "cublasLtMatmulDescSetAttribute",
                    descriptor,
                    TRANSPOSE_B,
                    transposeB ? 1 : 0,
                    4);
            for (int i = 0; i < operands.length; i++) layouts[i] = layout(device, operands[i]);
            long preference =
                    made(device, "cublasLtMatmulPreferenceCreate", Create.class, Create::on);
            describe(
                    device,
                    "cublasLtMatmulPreferenceSetAttribute",
                    preference,
                    WORKSPACE_BYTES,
                    most,
                    8);
            var aligned = new Matrix[] {a, b, d, d};
            for (int i = 0; i < aligned.length; i++)
                describe(
                        device,
                        "cublasLtMatmulPreferenceSetAttribute",
                        preference,
                        ALIGNMENTS[i],
                        Math.min(256, Long.lowestOneBit(aligned[i].address())),
                        4);
            algorithm = arena.allocate(RESULT_BYTES, 8);
            var found = arena.allocate(JAVA_INT);
            check(
                    device,
                    library.call("cublasLtMatmulAlgoGetHeuristic", Heuristic.class)
                            .on(
                                    handle,
                                    descriptor,
                                    layouts[0],
                                    layouts[1],
                                    layouts[2],
                                    layouts[2],
                                    preference,
                                    1,
                                    algorithm,
                                    found),
                    "asking cuBLASLt for an algorithm");
            library.call("cublasLtMatmulPreferenceDestroy", Destroy.class).on(preference);
            if (found.get(JAVA_INT, 0) == 0)
                check(device, NOT_SUPPORTED, "asking cuBLASLt for an algorithm");
            workspaceBytes = algorithm.get(JAVA_LONG, WORKSPACE_OFFSET);
        }

        /// Bytes it must be given before the first launch.
        long workspaceBytes() {
            return workspaceBytes;
        }

        void workspace(long address) {
            workspace = address;
        }

        private long layout(String device, Matrix m) {
            long layout =
                    made(
                            device,
                            "cublasLtMatrixLayoutCreate",
                            LayoutCreate.class,
                            (call, made) ->
                                    call.on(made, m.type(), m.rows(), m.columns(), m.leading()));
            describe(device, "cublasLtMatrixLayoutSetAttribute", layout, BATCHES, m.batch(), 4);
            describe(
                    device,
                    "cublasLtMatrixLayoutSetAttribute",
                    layout,
                    BATCH_STRIDE,
                    m.stride(),
                    8);
            return layout;
        }

        private interface Making<C> {
            int on(C call, MemorySegment made);
        }

        private <C> long made(String device, String function, Class<C> type, Making<C> making) {
            var made = arena.allocate(ADDRESS);
            check(device, making.on(library.call(function, type), made), function);
            return made.get(JAVA_LONG, 0);
        }

        /// @param bytes of the attribute: 4 or 8, of which the lower are the value
        private void describe(
                String device, String function, long what, int attribute, long value, long bytes) {
            var memory = arena.allocateFrom(JAVA_LONG, value);
            check(
                    device,
                    library.call(function, SetAttribute.class).on(what, attribute, memory, bytes),
                    function);
        }

        /// @return a `cublasStatus_t`
        int on(long stream) {
            return matmul.on(
                    handle,
                    descriptor,
                    alpha,
                    operands[0].address(),
                    layouts[0],
                    operands[1].address(),
                    layouts[1],
                    beta,
                    operands[2].address(),
                    layouts[2],
                    operands[2].address(),
                    layouts[2],
                    algorithm,
                    workspace,
                    workspaceBytes,
                    stream);
        }

        @Override
        public void close() {
            for (long layout : layouts)
                library.call("cublasLtMatrixLayoutDestroy", Destroy.class).on(layout);
            library.call("cublasLtMatmulDescDestroy", Destroy.class).on(descriptor);
            arena.close();
        }
    }

    static String status(int code) {
        return STATUS.getOrDefault(code, "CUBLAS_STATUS " + code);
    }

    private static void check(String device, int code, String doing) {
        if (code != 0) throw new CudaError(device, code, status(code), doing);
    }
}
