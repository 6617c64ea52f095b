package dev.ridgeline.cpu;

import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.RmsNormBackward;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

final class NormKernels {
    // 256 KiB of f32: some ten microseconds from memory
    private static final int TASK_ELEMENTS = 1 << 16;

    private NormKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of(
                CpuKernel.of(
                        RmsNorm.class,
                        "lookahead",
                        NormKernels::refusal,
                        op -> RmsNormKernel.bind(op, workers)),
                CpuKernel.of(
                        RmsNormBackward.class,
                        "lookahead",
                        NormKernels::refusal,
                        op -> RmsNormBackwardKernel.bind(op, workers)),
                CpuKernel.of(
                        LayerNorm.class,
                        "lookahead",
                        NormKernels::refusal,
                        op -> LayerNormKernel.bind(op, workers)),
                CpuKernel.of(
                        LayerNormBackward.class,
                        "lookahead",
                        NormKernels::refusal,
                        op -> LayerNormBackwardKernel.bind(op, workers)));
    }

    static Optional<String> refusal(Op op) {
        return Stream.concat(op.reads().stream(), op.writes().stream()).allMatch(Tensor::contiguous)
                ? Optional.empty()
                : Optional.of("needs contiguous operands");
    }

    /// How many rows make a task: enough to outweigh its start, few enough for 16 tasks.
    static int rowsPerTask(int rows, int cols) {
        return Math.max(1, Math.min(TASK_ELEMENTS / cols, Math.ceilDiv(rows, 16)));
    }
}
