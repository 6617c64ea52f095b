package dev.ridgeline.cuda;

import java.util.List;

/// Attention, forward and backward.
final class AttentionTable {
    private AttentionTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of();
    }
}
