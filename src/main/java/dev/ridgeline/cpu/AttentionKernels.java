package dev.ridgeline.cpu;

import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;

import java.util.List;

/// Attention and its gradients, tiled and plain. Strided heads and rows are welcome.
final class AttentionKernels {
    private AttentionKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of(
                CpuKernel.of(Attention.class, "flash", op -> new AttentionFlash(op, workers)),
                CpuKernel.of(Attention.class, "rows", op -> new AttentionRows(op, workers)),
                CpuKernel.of(
                        AttentionBackward.class,
                        "rows",
                        op -> new AttentionRowsBackward(op, workers)));
    }
}
