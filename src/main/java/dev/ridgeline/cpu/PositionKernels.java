package dev.ridgeline.cpu;

import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.Rope;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.stream.Stream;

final class PositionKernels {
    private PositionKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of(
                CpuKernel.of(Rope.class, "table", o -> new RopeTable(workers, o)),
                CpuKernel.of(
                        Embedding.class,
                        "rows",
                        o -> Refusals.gaps(operands(o)),
                        o -> new EmbeddingRows(workers, o)),
                CpuKernel.of(
                        EmbeddingBackward.class,
                        "lists",
                        o -> Refusals.gaps(o.reads()),
                        o -> new EmbeddingGradient(workers, o)));
    }

    private static List<Tensor> operands(Embedding op) {
        return Stream.concat(op.reads().stream(), op.writes().stream()).toList();
    }
}
