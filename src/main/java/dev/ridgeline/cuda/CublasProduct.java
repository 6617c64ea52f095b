package dev.ridgeline.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A product of [CublasLt] that is ready to run: `d = a · b`, or `d += a · b`, each of `a` and `b`
/// transposed if so said.
final class CublasProduct implements AutoCloseable {
    /// How products are multiplied; sums are f32.
    enum Compute {
        /// `CUBLAS_COMPUTE_32F`.
        F32(68),
        /// `CUBLAS_COMPUTE_32F_FAST_TF32`: f32 operands on tensor cores.
        TF32(77);

        private final int code;

        Compute(int code) {
            this.code = code;
        }
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

    /// `cudaDataType_t`.
    static final int F32 = 0;

    static final int F16 = 2;
    static final int BF16 = 14;
    static final int E4M3 = 28;
    static final int E5M2 = 29;

    private static final String DESCRIBE = "cublasLtMatmulDescSetAttribute";
    private static final int TRANSPOSE_A = 3;
    private static final int TRANSPOSE_B = 4;
    private static final int SCALE_A = 17;
    private static final int SCALE_B = 18;
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

    private final CublasLt library;
    private final String device;
    private final CublasCalls.Matmul matmul;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment alpha = arena.allocateFrom(JAVA_FLOAT, 1);
    private final MemorySegment beta;
    private final MemorySegment algorithm = arena.allocate(RESULT_BYTES, 8);
    private final long handle;
    private final long descriptor;
    private final Matrix[] operands;
    private final long[] layouts = new long[3];
    private final long workspaceBytes;
    private long workspace;

    /// Asks the library for its best algorithm.
    ///
    /// @param scale address of an f32 that both operands are multiplied by, 0 for none; those of 8
    ///   bits need one
    /// @param most bytes of workspace
    /// @throws CudaError if it has none
    CublasProduct(
            CublasLt library,
            CudaDevice on,
            Compute compute,
            boolean transposeA,
            Matrix a,
            boolean transposeB,
            Matrix b,
            Matrix d,
            boolean accumulate,
            long scale,
            long most) {
        this.library = library;
        device = on.name();
        matmul = library.library().call("cublasLtMatmul", CublasCalls.Matmul.class);
        operands = new Matrix[] {a, b, d};
        beta = arena.allocateFrom(JAVA_FLOAT, accumulate ? 1 : 0);
        handle = library.handle(on);
        descriptor =
                library.made(
                        device,
                        "cublasLtMatmulDescCreate",
                        CublasCalls.DescCreate.class,
                        (call, made) -> call.on(made, compute.code, F32));
        describe(DESCRIBE, TRANSPOSE_A, transposeA ? 1 : 0, 4, descriptor);
        describe(DESCRIBE, TRANSPOSE_B, transposeB ? 1 : 0, 4, descriptor);
        if (scale != 0) {
            describe(DESCRIBE, SCALE_A, scale, 8, descriptor);
            describe(DESCRIBE, SCALE_B, scale, 8, descriptor);
        }
        for (int i = 0; i < operands.length; i++) layouts[i] = layout(operands[i]);
        workspaceBytes = choose(most);
    }

    /// @return bytes of workspace that the algorithm takes
    private long choose(long most) {
        var function = "cublasLtMatmulPreferenceSetAttribute";
        long preference =
                library.made(
                        device,
                        "cublasLtMatmulPreferenceCreate",
                        CublasCalls.Create.class,
                        CublasCalls.Create::on);
        describe(function, WORKSPACE_BYTES, most, 8, preference);
        var aligned = new Matrix[] {operands[0], operands[1], operands[2], operands[2]};
        for (int i = 0; i < aligned.length; i++) {
            long bytes = Math.min(256, Long.lowestOneBit(aligned[i].address()));
            describe(function, ALIGNMENTS[i], bytes, 4, preference);
        }
        var found = arena.allocate(JAVA_INT);
        int code =
                library.library()
                        .call("cublasLtMatmulAlgoGetHeuristic", CublasCalls.Heuristic.class)
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
                                found);
        library.destroy("cublasLtMatmulPreferenceDestroy", preference);
        boolean none = code == 0 && found.get(JAVA_INT, 0) == 0;
        CublasLt.check(
                device, none ? CublasLt.NOT_SUPPORTED : code, "asking cuBLASLt for an algorithm");
        return algorithm.get(JAVA_LONG, WORKSPACE_OFFSET);
    }

    /// Bytes it must be given before the first launch.
    long workspaceBytes() {
        return workspaceBytes;
    }

    void workspace(long address) {
        workspace = address;
    }

    private long layout(Matrix m) {
        var function = "cublasLtMatrixLayoutSetAttribute";
        long layout =
                library.made(
                        device,
                        "cublasLtMatrixLayoutCreate",
                        CublasCalls.LayoutCreate.class,
                        (call, made) ->
                                call.on(made, m.type(), m.rows(), m.columns(), m.leading()));
        describe(function, BATCHES, m.batch(), 4, layout);
        describe(function, BATCH_STRIDE, m.stride(), 8, layout);
        return layout;
    }

    /// @param bytes of the attribute: 4 or 8, of which the lower are the value
    private void describe(String function, int attribute, long value, long bytes, long what) {
        var memory = arena.allocateFrom(JAVA_LONG, value);
        CublasLt.check(
                device,
                library.library()
                        .call(function, CublasCalls.SetAttribute.class)
                        .on(what, attribute, memory, bytes),
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
        for (long layout : layouts) library.destroy("cublasLtMatrixLayoutDestroy", layout);
        library.destroy("cublasLtMatmulDescDestroy", descriptor);
        arena.close();
    }
}
