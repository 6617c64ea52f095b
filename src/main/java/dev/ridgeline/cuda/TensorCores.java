package dev.ridgeline.cuda;

import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.Tolerance;
import dev.ridgeline.op.Tolerance.Unit;
import dev.ridgeline.tensor.DType;

/// What the arithmetic of tensor cores may be off, which is more than that of ordinary ones: they
/// cut sums off where those round. Blocks and bits are those that
/// `kernels/standin/engine/tensor_core.cc` computes with, where their sources are named.
final class TensorCores {
    /// Bytes of one operand that an instruction multiplies.
    private static final int BYTES = 32;

    private static final int F32_FRACTION = 23;

    private TensorCores() {}

    /// By `mma.sync`, whose factors of 8 bits sm_90 multiplies as those of 16.
    static Tolerance product(Gemm op, int output, int sm) {
        return Tolerance.cutOff(op.k(), unit(op.a().dtype(), sm, 90), 1, op.c().dtype());
    }

    static Tolerance product(GroupedGemm op, int output, int sm) {
        long terms = op.form() == Gemm.Form.TN ? op.rows() : op.a().dim(1);
        return Tolerance.cutOff(terms, unit(op.a().dtype(), sm, 90), 1, op.c().dtype());
    }

    /// By what a library uses, `wgmma` on sm_90.
    static Tolerance ofLibrary(Gemm op, int output, int sm) {
        return Tolerance.cutOff(op.k(), unit(op.a().dtype(), sm, 100), 1, op.c().dtype());
    }

    /// @param whole the first architecture that sums products of 8 bits as exactly as others
    private static Unit unit(DType factors, int sm, int whole) {
        int depth = BYTES / factors.bytes();
        int block = sm >= 90 ? depth : depth / 2;
        if (factors.bytes() == 1 && sm < whole) return new Unit(block, 13, 13);
        return new Unit(block, sm >= 90 ? 25 : 24, F32_FRACTION);
    }
}
