package dev.ridgeline.cpu;

import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SoftmaxBackward;

import java.util.List;

final class SoftmaxKernels {
    private static final int FEWEST_ROWS = 8;

    private SoftmaxKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of(
                CpuKernel.of(
                        Softmax.class,
                        "lookahead",
                        NormKernels::refusal,
                        op -> SoftmaxKernel.bind(op, workers)),
                CpuKernel.of(
                        SoftmaxBackward.class,
                        "lookahead",
                        NormKernels::refusal,
                        op -> SoftmaxBackwardKernel.bind(op, workers)),
                CpuKernel.of(
                        CrossEntropy.class,
                        "lookahead",
                        NormKernels::refusal,
                        op -> CrossEntropyKernel.bind(op, workers)));
    }

    /// As [NormKernels#rowsPerTask], but even of long rows enough for the sweep, which has one row
    /// in flight, to get going.
    static int rowsPerTask(int rows, int cols) {
        return Math.max(
                NormKernels.rowsPerTask(rows, cols), Math.min(FEWEST_ROWS, Math.ceilDiv(rows, 16)));
    }
}
