package dev.ridgeline.cuda;

import java.util.List;

/// The ceilings: streams and multiply-adds in registers.
final class CeilingTable {
    private CeilingTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of();
    }
}
