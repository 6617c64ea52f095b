package dev.ridgeline.cuda;

import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.Tolerance;
import dev.ridgeline.tensor.DType;

/// What the arithmetic of tensor cores may be off, which is more than that of ordinary ones: they
/// cut sums off where those round. `kernels/standin/engine/tensor_core.cc` computes as they do.
final class TensorCores {
    /// Bytes of one operand that are multiplied and added at once on sm_80, and 32 on sm_90: eight
    /// elements of 16 bits, or four of tf32.
    private static final int BLOCK_BYTES = 16;

    private TensorCores() {}

    static Tolerance product(Gemm op, int output) {
        return product(op.k(), op.a().dtype(), op.c().dtype());
    }

    static Tolerance product(GroupedGemm op, int output) {
        long terms = op.form() == Gemm.Form.TN ? op.rows() : op.a().dim(1);
        return product(terms, op.a().dtype(), op.c().dtype());
    }

    private static Tolerance product(long terms, DType factors, DType stored) {
        return Tolerance.cutOff(terms, BLOCK_BYTES / factors.bytes(), 1, stored);
    }
}
