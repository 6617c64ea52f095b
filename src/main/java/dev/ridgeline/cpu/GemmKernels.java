package dev.ridgeline.cpu;

import dev.ridgeline.op.Gemm;
import dev.ridgeline.tensor.DType;

import java.util.List;
import java.util.Optional;

/// The matrix products of this backend.
final class GemmKernels {
    private GemmKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        var scratch = new GemmScratch(workers.threads());
        return List.of(
                CpuKernel.of(
                        Gemm.class,
                        "blocked",
                        GemmKernels::needs,
                        op -> new GemmBlocked(op, workers, scratch, false)),
                CpuKernel.of(
                        Gemm.class,
                        "prepacked",
                        op -> needs(op).or(() -> needsWeight(op)),
                        op -> new GemmBlocked(op, workers, scratch, true)),
                CpuKernel.of(
                        Gemm.class, "dot", GemmKernels::needs, op -> new GemmDot(op, workers)));
    }

    private static Optional<String> needs(Gemm op) {
        return op.a().dtype() == DType.F32 || op.a().dtype() == DType.BF16
                ? Optional.empty()
                : Optional.of("multiplies f32 and bf16, not %s".formatted(op.a().dtype().label()));
    }

    private static Optional<String> needsWeight(Gemm op) {
        return op.batch() == 1 && !op.form().transposesA()
                ? Optional.empty()
                : Optional.of(
                        "packs one weight ahead: not for batches, nor for weight gradients, where b"
                                + " is not a weight");
    }
}
