package dev.ridgeline.cpu;

import dev.ridgeline.op.Add;
import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.tensor.DType;

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
                                Sweep.inF32(
                                        workers,
                                        List.of(o.gate(), o.up(), o.y()),
                                        2,
                                        ActivationLoops::swiGlu)),
                CpuKernel.of(
                        SwiGluBackward.class,
                        "lanes",
                        o ->
                                Sweep.inF32(
                                        workers,
                                        List.of(o.gate(), o.up(), o.dy(), o.dgate(), o.dup()),
                                        3,
                                        ActivationLoops::swiGluBackward)),
                CpuKernel.of(
                        Gelu.class,
                        "lanes",
                        o -> Refusals.gaps(List.of(o.x(), o.y())),
                        o -> Sweep.inF32(workers, List.of(o.x(), o.y()), 1, ActivationLoops::gelu)),
                CpuKernel.of(
                        GeluBackward.class,
                        "lanes",
                        o -> Refusals.gaps(List.of(o.x(), o.dy(), o.dx())),
                        o ->
                                Sweep.inF32(
                                        workers,
                                        List.of(o.x(), o.dy(), o.dx()),
                                        2,
                                        ActivationLoops::geluBackward)),
                CpuKernel.of(
                        Add.class,
                        "lanes",
                        o -> Refusals.gaps(List.of(o.a(), o.b(), o.y())),
                        o ->
                                new Sweep(
                                        workers,
                                        List.of(o.a(), o.b(), o.y()),
                                        2,
                                        o.y().dtype() == DType.F32
                                                ? ElementwiseKernels::add
                                                : ElementwiseKernels::addBf16)),
                CpuKernel.of(
                        BiasGradient.class,
                        "lanes",
                        o -> Refusals.gaps(List.of(o.dy(), o.dbias())),
                        o -> new ColumnSums(workers, o.dy(), o.dbias())));
    }

    private static void add(MemorySegment[] memory, long[] at, long count) {
        var a = Lanes.known(memory[0]);
        var b = Lanes.known(memory[1]);
        var y = Lanes.known(memory[2]);
        long aAt = at[0], bAt = at[1], yAt = at[2];
        for (long i = 0; i < count; i += Lanes.COUNT) {
            var sum = Lanes.loadF32(a, aAt + i).add(Lanes.loadF32(b, bAt + i));
            Lanes.storeF32(sum, y, yAt + i);
        }
    }

    private static void addBf16(MemorySegment[] memory, long[] at, long count) {
        Bf16Tile.add(memory[0], at[0], memory[1], at[1], memory[2], at[2], count);
    }
}
