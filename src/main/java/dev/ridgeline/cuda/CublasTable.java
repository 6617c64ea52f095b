package dev.ridgeline.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.cuda.CublasProduct.Compute;
import dev.ridgeline.cuda.CublasProduct.Matrix;
import dev.ridgeline.op.Activation;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Tolerance;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;

/// cuBLASLt as a peer of our matrix products: as exact as ours, and f32 operands on tensor cores.
/// cuBLAS itself would add nothing, because its products are those of this library.
final class CublasTable {
    /// What NVIDIA's documentation advises for Hopper; PyTorch gives as much.
    private static final long WORKSPACE = 32L << 20;

    private CublasTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.peer(
                                Gemm.class,
                                "any",
                                "cublaslt",
                                op ->
                                        op.a().dtype().bytes() > 1
                                                ? refusal(op)
                                                : Optional.of("operands of 8 bits: cublaslt_fp8"),
                                (op, plan) -> plan(op, plan, Compute.F32))
                        .within(CublasTable::tolerance),
                CudaKernel.peer(
                                Gemm.class,
                                "any",
                                "cublaslt_tf32",
                                op ->
                                        op.a().dtype() == DType.F32
                                                ? refusal(op)
                                                : Optional.of(
                                                        "needs f32 operands, which it cuts to"
                                                                + " tf32"),
                                (op, plan) -> plan(op, plan, Compute.TF32))
                        .within((op, _, sm) -> cut(op, sm)),
                CudaKernel.peer(
                                Gemm.class,
                                "sm89",
                                "cublaslt_fp8",
                                op -> needsEightBits(op).or(() -> refusal(op)),
                                (op, plan) -> plan(op, plan, Compute.F32))
                        .within(TensorCores::ofLibrary));
    }

    /// What its documentation of `cublasLtMatmul` asks of operands of 8 bits.
    private static Optional<String> needsEightBits(Gemm op) {
        if (op.a().dtype().bytes() > 1) return Optional.of("needs e4m3 or e5m2 operands");
        return op.form() == Gemm.Form.NT
                        && Alignment.rows(op.a())
                        && Alignment.rows(op.b())
                        && Alignment.rows(op.c())
                        && op.m() % 16 == 0
                        && op.n() % 16 == 0
                ? Optional.empty()
                : Optional.of(
                        "needs the form nt, m, n and k that are multiples of 16, and rows that"
                                + " start on 16 bytes");
    }

    /// f32 operands stay off tensor cores unless tf32 is asked for.
    private static Tolerance tolerance(Gemm op, int output, int sm) {
        return op.a().dtype() == DType.F32
                ? op.tolerance(output)
                : TensorCores.ofLibrary(op, output, sm);
    }

    /// Of a product whose operands, uniform in ±1, lose at most 2^-10 of themselves. What all lose
    /// on average is a share of the result, at most 2^-9; what one term loses more than another has
    /// a standard deviation of 0.14 · 2^-10, of which k terms add up to less than 2^-10 · sqrt(k)
    /// at seven of them.
    private static Tolerance cut(Gemm op, int sm) {
        var exact = TensorCores.ofLibrary(op, 0, sm);
        return new Tolerance(
                exact.absolute() + 0x1p-10 * Math.sqrt(op.k()), exact.relative() + 0x1p-9);
    }

    private static Optional<String> refusal(Gemm op) {
        if (Cuda.standin())
            return Optional.of("the stand-in driver does not run NVIDIA's libraries");
        if (CublasLt.open().isEmpty()) return Optional.of("not found: " + CublasLt.detail());
        var epilogue = op.epilogue();
        return epilogue.bias().isEmpty()
                        && epilogue.activation() == Activation.NONE
                        && epilogue.preactivation().isEmpty()
                ? Optional.empty()
                : Optional.of("a peer for products without bias and activation");
    }

    /// The library's matrices are column-major, which makes each of ours its transpose: it is asked
    /// for `cᵀ = bᵀ · aᵀ`.
    private static void plan(Gemm op, LaunchPlan plan, Compute compute) {
        plan.product(
                new CublasProduct(
                        CublasLt.open().orElseThrow(),
                        plan.device(),
                        compute,
                        op.form().transposesB(),
                        matrix(op.b(), plan),
                        op.form().transposesA(),
                        matrix(op.a(), plan),
                        matrix(op.c(), plan),
                        op.epilogue().accumulate(),
                        op.a().dtype().bytes() == 1 ? one(plan) : 0,
                        WORKSPACE));
    }

    /// Where the device has an f32 that is 1.
    private static long one(LaunchPlan plan) {
        var memory = plan.scratch(Float.BYTES);
        try (var arena = Arena.ofConfined()) {
            memory.upload(arena.allocateFrom(JAVA_FLOAT, 1));
        }
        return memory.address();
    }

    private static Matrix matrix(Tensor t, LaunchPlan plan) {
        int rank = t.shape().rank();
        return new Matrix(
                plan.address(t),
                type(t.dtype()),
                t.shape().last(),
                t.dim(rank - 2),
                t.stride(rank - 2),
                rank == 3 ? t.dim(0) : 1,
                rank == 3 ? t.stride(0) : 0);
    }

    private static int type(DType dtype) {
        return switch (dtype) {
            case F32 -> CublasProduct.F32;
            case BF16 -> CublasProduct.BF16;
            case F16 -> CublasProduct.F16;
            case F8_E4M3 -> CublasProduct.E4M3;
            case F8_E5M2 -> CublasProduct.E5M2;
            case I32 -> throw new IllegalArgumentException("no product of i32 is asked for");
        };
    }
}
