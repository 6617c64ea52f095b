package dev.ridgeline.bench.peers;

import dev.ridgeline.bench.Problems;
import dev.ridgeline.bench.Subject;
import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.StreamWorkloads;
import dev.ridgeline.op.Cost;
import dev.ridgeline.op.Op;

/// What the machine can do at this moment: its clock drifts by more than the differences that a
/// comparison looks for, so every sample has its own ceiling.
///
/// @param probe runs at the limit
/// @param compute whether arithmetic is the limit, else memory
record Ceiling(Subject probe, boolean compute) implements AutoCloseable {
    // a kernel below it waits for memory on every CPU we know, one above it for arithmetic
    private static final double FLOPS_PER_BYTE = 8;

    /// The one that limits work of this cost: fused multiply-adds, or STREAM's triad on arrays of
    /// 64 MiB.
    static Ceiling of(Cost cost, CpuDevice device) {
        boolean compute = cost.intensity() > FLOPS_PER_BYTE;
        var problem =
                compute
                        ? Problems.of(
                                "fma_loop",
                                String.valueOf(StreamWorkloads.LANES_PER_CORE * device.threads()))
                        : Problems.of("triad", String.valueOf(16 << 20));
        return new Ceiling(subject(problem, device), compute);
    }

    private static <O extends Op> Subject subject(Workload<O> workload, CpuDevice device) {
        return Subject.of(Subject.PREFERRED, device.kernels(workload.type()), workload, device);
    }

    String unit() {
        return compute ? "GFLOP/s" : "GB/s";
    }

    /// 1e9 flop/s, or byte/s, of so much work.
    double rate(Cost cost, double seconds) {
        return (compute ? cost.flops() : cost.bytes()) / seconds * 1e-9;
    }

    /// Measures it, in a few milliseconds.
    double rate() {
        long from = System.nanoTime();
        probe.run();
        return rate(probe.cost(), (System.nanoTime() - from) * 1e-9);
    }

    @Override
    public void close() {
        probe.close();
    }
}
