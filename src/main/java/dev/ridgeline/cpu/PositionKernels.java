package dev.ridgeline.cpu;

import java.util.List;

final class PositionKernels {
    private PositionKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of();
    }
}
