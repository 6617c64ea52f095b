package dev.ridgeline.cpu;

import dev.ridgeline.op.AdamW;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;

final class OptimizerKernels {
    private OptimizerKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of(
                CpuKernel.of(
                        AdamW.class,
                        "lanes",
                        o -> Refusals.gaps(operands(o)),
                        o -> new Sweep(workers, operands(o), 1, new AdamWStep(o))));
    }

    private static List<Tensor> operands(AdamW op) {
        var operands = new ArrayList<>(List.of(op.gradient(), op.parameter(), op.m(), op.v()));
        op.copy().ifPresent(operands::add);
        return operands;
    }
}
