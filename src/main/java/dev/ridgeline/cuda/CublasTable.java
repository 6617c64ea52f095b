package dev.ridgeline.cuda;

import dev.ridgeline.cuda.CublasLt.Matrix;
import dev.ridgeline.op.Activation;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// cuBLASLt as a peer of our matrix products.
final class CublasTable {
    /// What NVIDIA's documentation advises for Hopper; PyTorch gives as much.
    private static final long WORKSPACE = 32L << 20;

    private CublasTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.peer(Gemm.class, "cublaslt", CublasTable::refusal, CublasTable::plan));
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
    private static void plan(Gemm op, LaunchPlan plan) {
        plan.product(
                CublasLt.open().orElseThrow()
                .new Product(
                        plan.device(),
                        op.form().transposesB(),
                        matrix(op.b(), plan),
                        op.form().transposesA(),
                        matrix(op.a(), plan),
                        matrix(op.c(), plan),
                        op.epilogue().accumulate(),
                        WORKSPACE));
    }

    private static Matrix matrix(Tensor t, LaunchPlan plan) {
        int rank = t.shape().rank();
        return new Matrix(
                plan.address(t),
                t.dtype() == DType.BF16 ? CublasLt.BF16 : CublasLt.F32,
                t.shape().last(),
                t.dim(rank - 2),
                t.stride(rank - 2),
                rank == 3 ? t.dim(0) : 1,
                rank == 3 ? t.stride(0) : 0);
    }
}
