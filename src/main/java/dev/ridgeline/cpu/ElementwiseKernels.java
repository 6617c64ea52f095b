package dev.ridgeline.cpu;

import dev.ridgeline.op.Add;
import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;

import java.lang.foreign.MemorySegment;
import java.util.List;

final class ElementwiseKernels {
    private ElementwiseKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of(
                CpuKernel.of(
                        SwiGlu.class,
                        "lanes",
                        o ->
                                new Sweep(
                                        workers,
                                        List.of(o.gate(), o.up(), o.y()),
                                        2,
                                        ActivationLoops::swiGlu)),
                CpuKernel.of(
                        SwiGluBackward.class,
                        "lanes",
                        o ->
                                new Sweep(
                                        workers,
                                        List.of(o.gate(), o.up(), o.dy(), o.dgate(), o.dup()),
                                        3,
                                        ActivationLoops::swiGluBackward)),
                CpuKernel.of(
                        Gelu.class,
                        "lanes",
                        o -> Refusals.gaps(o.x(), o.y()),
                        o -> new Sweep(workers, List.of(o.x(), o.y()), 1, ActivationLoops::gelu)),
                CpuKernel.of(
                        GeluBackward.class,
                        "lanes",
                        o -> Refusals.gaps(o.x(), o.dy(), o.dx()),
                        o ->
                                new Sweep(
                                        workers,
                                        List.of(o.x(), o.dy(), o.dx()),
                                        2,
                                        ActivationLoops::geluBackward)),
                CpuKernel.of(
                        Add.class,
                        "lanes",
                        o -> Refusals.gaps(o.a(), o.b(), o.y()),
                        o ->
                                new Sweep(
                                        workers,
                                        List.of(o.a(), o.b(), o.y()),
                                        2,
                                        ElementwiseKernels::add)),
                CpuKernel.of(
                        BiasGradient.class,
                        "lanes",
                        o -> Refusals.gaps(o.dy(), o.dbias()),
                        o -> new ColumnSums(workers, o.dy(), o.dbias())));
    }

    private static void add(MemorySegment[] memory, long[] at, long count) {
        MemorySegment a = memory[0], b = memory[1], y = memory[2];
        long aAt = at[0], bAt = at[1], yAt = at[2];
        for (long i = 0; i < count; i += Lanes.COUNT) {
            var sum = Lanes.loadF32(a, aAt + i).add(Lanes.loadF32(b, bAt + i));
            Lanes.storeF32(sum, y, yAt + i);
        }
    }
}
