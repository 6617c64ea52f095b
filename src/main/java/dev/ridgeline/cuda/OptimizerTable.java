package dev.ridgeline.cuda;

import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.ClipScale;
import dev.ridgeline.op.Rounding;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.op.Zero;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Steps of optimizers, and what prepares one: zeroed gradients and their norm.
final class OptimizerTable {
    private static final int THREADS = 256;

    /// Blocks of a sum, on every device, so that it has the same bits on all.
    private static final long MOST_BLOCKS = 1024;

    private OptimizerTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.of(
                        AdamW.class, "portable", "vectorized", Rows::gaps, OptimizerTable::adamW),
                CudaKernel.of(
                        Zero.class, "portable", "vectorized", Rows::gaps, OptimizerTable::zero),
                CudaKernel.of(
                        SquaredNorm.class,
                        "portable",
                        "blocks",
                        Rows::gaps,
                        OptimizerTable::squaredNorm),
                CudaKernel.of(
                        ClipScale.class,
                        "portable",
                        "block",
                        op -> Optional.empty(),
                        OptimizerTable::clipScale));
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
        var copied = op.rounding() == Rounding.NEAREST ? "_copy" : "_dithered_copy";
        plan.launch(
                op.gradient().dtype().label() + (op.copy().isPresent() ? copied : ""),
                Rows.grid(op.parameter(), 4, 2),
                THREADS,
                0,
                arguments.toArray());
    }

    private static void zero(Zero op, LaunchPlan plan) {
        plan.launch(
                op.x().dtype().label(),
                Rows.grid(op.x(), Rows.width(op.x().dtype()), 4),
                THREADS,
                0,
                op.x(),
                op.x().count());
    }

    private static void squaredNorm(SquaredNorm op, LaunchPlan plan) {
        long n = op.x().count();
        int blocks =
                (int) Math.min(MOST_BLOCKS, Rows.grid(op.x(), Rows.width(op.x().dtype()), 4).x());
        var parts = plan.scratch((long) blocks * Float.BYTES);
        plan.launch(
                "part_" + op.x().dtype().label(), Grid.grid(blocks), THREADS, 0, op.x(), parts, n);
        plan.launch("sum", Grid.grid(1), THREADS, 0, parts, op.sum(), blocks);
    }

    private static void clipScale(ClipScale op, LaunchPlan plan) {
        plan.launch(
                "f32",
                Grid.grid(1),
                THREADS,
                0,
                op.squares(),
                op.norm(),
                op.scale(),
                op.squares().dim(0),
                (float) op.limit(),
                (float) ClipScale.EPS);
    }
}
