package dev.ridgeline.cuda;

import java.util.List;

/// Optimizers.
final class OptimizerTable {
    private OptimizerTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of();
    }
}
