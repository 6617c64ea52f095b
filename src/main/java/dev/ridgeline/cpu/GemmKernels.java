package dev.ridgeline.cpu;

import dev.ridgeline.op.Gemm;

import java.util.List;
import java.util.Optional;

/// The matrix products of this backend.
final class GemmKernels {
    private GemmKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        var scratch = new GemmScratch(workers.threads());
        return List.of(
                CpuKernel.of(
                        Gemm.class, "blocked", op -> new GemmBlocked(op, workers, scratch, false)),
                CpuKernel.of(
                        Gemm.class,
                        "prepacked",
                        op ->
                                op.batch() == 1 && !op.form().transposesA()
                                        ? Optional.empty()
                                        : Optional.of(
                                                "packs one weight ahead: not for batches, nor for"
                                                        + " weight gradients, where b is not a"
                                                        + " weight"),
                        op -> new GemmBlocked(op, workers, scratch, true)),
                CpuKernel.of(Gemm.class, "dot", op -> new GemmDot(op, workers)));
    }
}
