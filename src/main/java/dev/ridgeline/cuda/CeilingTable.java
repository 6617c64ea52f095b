package dev.ridgeline.cuda;

import dev.ridgeline.op.Copy;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.MmaLoop;
import dev.ridgeline.op.Scale;
import dev.ridgeline.op.Triad;
import dev.ridgeline.tensor.DType;

import java.util.List;
import java.util.Optional;

/// The ceilings: streams, and multiply-adds in registers and on tensor cores.
final class CeilingTable {
    private static final int THREADS = 256;
    private static final int FMA_THREADS = 128;
    private static final int FMA_CHAINS = 8;
    private static final int MMA_SUMS = 4 * 8 * 128;

    private CeilingTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.of(Copy.class, "portable", "vectorized", Rows::gaps, CeilingTable::copy),
                CudaKernel.of(Copy.class, "portable", "plain", Rows::gaps, CeilingTable::plainCopy),
                CudaKernel.of(
                        Scale.class, "portable", "vectorized", Rows::gaps, CeilingTable::scale),
                CudaKernel.of(
                        Triad.class, "portable", "vectorized", Rows::gaps, CeilingTable::triad),
                CudaKernel.of(
                        FmaLoop.class,
                        "portable",
                        "registers",
                        op -> Optional.empty(),
                        CeilingTable::fmaLoop),
                CudaKernel.of(
                        MmaLoop.class,
                        "portable",
                        "registers",
                        op ->
                                op.factors().bytes() > 1
                                        ? Optional.empty()
                                        : Optional.of("8 bits need sm_89's instruction"),
                        CeilingTable::mmaLoop),
                CudaKernel.of(
                        MmaLoop.class,
                        "sm89",
                        "registers",
                        op ->
                                op.factors().bytes() == 1
                                        ? Optional.empty()
                                        : Optional.of("for factors of 8 bits"),
                        CeilingTable::mmaLoop));
    }

    private static void copy(Copy op, LaunchPlan plan) {
        plan.launch(
                "f32",
                Rows.grid(op.from(), 4, 4),
                THREADS,
                0,
                op.from(),
                op.to(),
                op.from().count());
    }

    private static void plainCopy(Copy op, LaunchPlan plan) {
        plan.launch(
                "f32",
                Rows.grid(op.from().count(), 1),
                THREADS,
                0,
                op.from(),
                op.to(),
                op.from().count());
    }

    private static void scale(Scale op, LaunchPlan plan) {
        plan.launch(
                "f32",
                Rows.grid(op.from(), 4, 4),
                THREADS,
                0,
                op.from(),
                op.to(),
                op.from().count(),
                op.factor());
    }

    private static void triad(Triad op, LaunchPlan plan) {
        plan.launch(
                "f32",
                Rows.grid(op.a(), 4, 2),
                THREADS,
                0,
                op.a(),
                op.b(),
                op.to(),
                op.a().count(),
                op.factor());
    }

    private static void fmaLoop(FmaLoop op, LaunchPlan plan) {
        int lanes = op.lanes().dim(0);
        plan.launch(
                "f32",
                Grid.grid(Math.ceilDiv(lanes, FMA_THREADS * FMA_CHAINS)),
                FMA_THREADS,
                0,
                op.lanes(),
                (long) lanes,
                op.iterations(),
                FmaLoop.A,
                FmaLoop.B);
    }

    private static void mmaLoop(MmaLoop op, LaunchPlan plan) {
        int n = op.sums().dim(0);
        plan.launch(
                op.factors() == DType.F32 ? "tf32" : op.factors().label(),
                Grid.grid(Math.ceilDiv(n, MMA_SUMS)),
                FMA_THREADS,
                0,
                op.sums(),
                (long) n,
                op.iterations(),
                FmaLoop.A,
                FmaLoop.B);
    }
}
