package dev.ridgeline.cuda;

import java.util.List;

/// Rotary positions and embeddings.
final class PositionTable {
    private PositionTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of();
    }
}
