package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.ClipScale;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.op.Zero;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;

final class OptimizerKernels {
    private static final long ZERO_BYTES = 1L << 20;

    private OptimizerKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of(
                CpuKernel.of(
                        AdamW.class,
                        "lanes",
                        o -> Refusals.gaps(operands(o)),
                        o -> new Sweep(workers, operands(o), 1, new AdamWStep(o))),
                CpuKernel.of(
                        Zero.class,
                        "bulk",
                        o -> Refusals.gaps(o.writes()),
                        o -> bulkZero(workers, o)),
                CpuKernel.of(
                        SquaredNorm.class,
                        "blocks",
                        o -> Refusals.gaps(o.reads()),
                        o -> new SquareSums(workers, o)),
                CpuKernel.of(ClipScale.class, "scalar", OptimizerKernels::clip));
    }

    private static Launch bulkZero(Workers workers, Zero op) {
        long size = op.x().dtype().bytes();
        var memory = HostBuffer.segment(op.x()).asSlice(op.x().offset() * size, op.x().bytes());
        int tasks = Math.toIntExact(Math.ceilDiv(memory.byteSize(), ZERO_BYTES));
        Workers.Task task =
                (number, _) -> {
                    long at = number * ZERO_BYTES;
                    memory.asSlice(at, Math.min(ZERO_BYTES, memory.byteSize() - at)).fill((byte) 0);
                };
        return _ -> workers.run(tasks, task);
    }

    private static Launch clip(ClipScale op) {
        var squares = HostBuffer.segment(op.squares());
        var norm = HostBuffer.segment(op.norm());
        var scale = HostBuffer.segment(op.scale());
        return _ -> {
            double sum = 0;
            for (int i = 0; i < op.squares().dim(0); i++)
                sum += Lanes.get(DType.F32, squares, op.squares().offset() + i);
            double length = Math.sqrt(sum);
            double factor = Math.min(1, op.limit() / (length + ClipScale.EPS));
            Lanes.set(DType.F32, (float) length, norm, op.norm().offset());
            Lanes.set(DType.F32, (float) factor, scale, op.scale().offset());
        };
    }

    private static List<Tensor> operands(AdamW op) {
        var operands = new ArrayList<>(List.of(op.gradient(), op.parameter(), op.m(), op.v()));
        op.copy().ifPresent(operands::add);
        return operands;
    }
}
