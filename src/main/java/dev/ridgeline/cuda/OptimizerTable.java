package dev.ridgeline.cuda;

import dev.ridgeline.op.AdamW;

import java.util.ArrayList;
import java.util.List;

/// Steps of optimizers.
final class OptimizerTable {
    private static final int THREADS = 256;

    private OptimizerTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.of(
                        AdamW.class, "portable", "vectorized", Rows::gaps, OptimizerTable::adamW));
    }

    private static void adamW(AdamW op, LaunchPlan plan) {
        var arguments =
                new ArrayList<Object>(
                        List.of(op.parameter(), op.gradient(), op.m(), op.v(), op.scalars()));
        op.copy().ifPresent(arguments::add);
        arguments.add(op.parameter().count());
        for (double x :
                new double[] {
                    op.beta1(), 1 - op.beta1(), op.beta2(), 1 - op.beta2(), op.eps(), op.decay()
                }) arguments.add((float) x);
        plan.launch(
                op.gradient().dtype().label() + (op.copy().isPresent() ? "_copy" : ""),
                Rows.grid(op.parameter(), 4, 2),
                THREADS,
                0,
                arguments.toArray());
    }
}
