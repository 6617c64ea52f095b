package dev.ridgeline.cpu;

import java.util.List;
import java.util.function.Function;

/// The table of this backend's kernels, by family. Within an op the preferred one is first and the
/// simplest, which large results are compared with, last.
final class CpuKernels {
    private static final List<Function<Workers, List<CpuKernel<?>>>> FAMILIES =
            List.of(
                    GemmKernels::table,
                    AttentionKernels::table,
                    NormKernels::table,
                    SoftmaxKernels::table,
                    ElementwiseKernels::table,
                    PositionKernels::table,
                    MixtureKernels::table,
                    OptimizerKernels::table,
                    StreamKernels::table);

    private CpuKernels() {}

    static List<CpuKernel<?>> all(Workers workers) {
        return FAMILIES.stream()
                .<CpuKernel<?>>flatMap(family -> family.apply(workers).stream())
                .toList();
    }
}
