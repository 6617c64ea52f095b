package dev.ridgeline.cuda;

import java.util.List;
import java.util.function.Supplier;

/// The table of this backend's kernels, by family. Within an op the preferred one is first and the
/// simplest, which large results are compared with, last.
final class CudaKernels {
    private static final List<Supplier<List<CudaKernel<?>>>> FAMILIES =
            List.of(
                    GemmTable::kernels,
                    CublasTable::kernels,
                    AttentionTable::kernels,
                    NormTable::kernels,
                    SoftmaxTable::kernels,
                    ElementwiseTable::kernels,
                    PositionTable::kernels,
                    MixtureTable::kernels,
                    OptimizerTable::kernels,
                    CeilingTable::kernels);

    private CudaKernels() {}

    static List<CudaKernel<?>> all() {
        return FAMILIES.stream()
                .flatMap(family -> family.get().stream())
                .<CudaKernel<?>>map(k -> k)
                .toList();
    }
}
