package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.Copy;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.Scale;
import dev.ridgeline.op.Triad;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// STREAM's loops, which are what the memory can do for a loop of vector loads and stores, and the
/// arithmetic ceiling.
final class StreamKernels {
    // the JDK's copy bypasses the caches on AVX-512 machines, but only from 2.5 MiB on
    private static final long COPY_BYTES = 4L << 20;

    private StreamKernels() {}

    static List<CpuKernel<?>> table(Workers workers) {
        return List.of(
                CpuKernel.of(
                        Copy.class,
                        "bulk",
                        o -> Refusals.gaps(List.of(o.from(), o.to())),
                        o -> bulkCopy(workers, o)),
                CpuKernel.of(
                        Copy.class,
                        "lanes",
                        o -> Refusals.gaps(List.of(o.from(), o.to())),
                        o ->
                                sweep(
                                        workers,
                                        List.of(o.from(), o.to()),
                                        (m, at, n) -> copy(m[0], at[0], m[1], at[1], n))),
                CpuKernel.of(
                        Scale.class,
                        "lanes",
                        o -> Refusals.gaps(List.of(o.from(), o.to())),
                        o ->
                                sweep(
                                        workers,
                                        List.of(o.from(), o.to()),
                                        (m, at, n) -> scale(m, at, n, o.factor()))),
                CpuKernel.of(
                        Triad.class,
                        "lanes",
                        o -> Refusals.gaps(List.of(o.a(), o.b(), o.to())),
                        o ->
                                sweep(
                                        workers,
                                        List.of(o.a(), o.b(), o.to()),
                                        (m, at, n) -> triad(m, at, n, o.factor()))),
                CpuKernel.of(
                        FmaLoop.class,
                        "registers",
                        o -> Refusals.gaps(List.of(o.lanes())),
                        o -> new FmaRegisters(workers, o)));
    }

    private static Sweep sweep(Workers workers, List<Tensor> operands, Sweep.Loop loop) {
        return new Sweep(workers, operands, operands.size() - 1, loop);
    }

    private static Launch bulkCopy(Workers workers, Copy op) {
        var from = HostBuffer.segment(op.from()).asSlice(op.from().offset() * 4, op.from().bytes());
        var to = HostBuffer.segment(op.to()).asSlice(op.to().offset() * 4, op.to().bytes());
        long bytes = Math.min(COPY_BYTES, Math.max(1 << 16, Math.ceilDiv(from.byteSize(), 8)));
        int tasks = Math.toIntExact(Math.ceilDiv(from.byteSize(), bytes));
        Workers.Task task =
                (number, worker) -> {
                    long at = number * bytes;
                    long length = Math.min(bytes, from.byteSize() - at);
                    MemorySegment.copy(from, at, to, at, length);
                };
        return stream -> workers.run(tasks, task);
    }

    static void copy(MemorySegment from, long fromAt, MemorySegment to, long toAt, long count) {
        var source = Lanes.known(from);
        var target = Lanes.known(to);
        for (long i = 0; i < count; i += Lanes.COUNT)
            Lanes.storeF32(Lanes.loadF32(source, fromAt + i), target, toAt + i);
    }

    private static void scale(MemorySegment[] memory, long[] at, long count, float factor) {
        var from = Lanes.known(memory[0]);
        var to = Lanes.known(memory[1]);
        long fromAt = at[0], toAt = at[1];
        for (long i = 0; i < count; i += Lanes.COUNT)
            Lanes.storeF32(Lanes.loadF32(from, fromAt + i).mul(factor), to, toAt + i);
    }

    private static void triad(MemorySegment[] memory, long[] at, long count, float factor) {
        var a = Lanes.known(memory[0]);
        var b = Lanes.known(memory[1]);
        var to = Lanes.known(memory[2]);
        long aAt = at[0], bAt = at[1], toAt = at[2];
        var f = FloatVector.broadcast(Lanes.F32, factor);
        for (long i = 0; i < count; i += Lanes.COUNT) {
            var sum = Lanes.loadF32(b, bAt + i).fma(f, Lanes.loadF32(a, aAt + i));
            Lanes.storeF32(sum, to, toAt + i);
        }
    }
}
