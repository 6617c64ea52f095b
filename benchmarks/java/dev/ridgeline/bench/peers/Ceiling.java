package dev.ridgeline.bench.peers;

import dev.ridgeline.bench.Problems;
import dev.ridgeline.bench.Subject;
import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.StreamWorkloads;
import dev.ridgeline.op.Cost;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// What the machine can do at this moment: its clock drifts by more than the differences that a
/// comparison looks for, so every sample has its own ceiling.
///
/// @param probe runs at the limit
/// @param loop op of the probe
record Ceiling(Subject probe, String loop) implements AutoCloseable {
    // a kernel below it waits for memory on every CPU we know, one above it for arithmetic
    private static final double FLOPS_PER_BYTE = 8;

    private static final String COMPUTE = "fma_loop";

    /// Of arithmetic.
    static Ceiling compute(CpuDevice device) {
        return of(COMPUTE, device);
    }

    /// The one that limits `op`.
    static Ceiling of(Op op, CpuDevice device) {
        return of(loop(op), device);
    }

    private static Ceiling of(String loop, CpuDevice device) {
        int count =
                loop.equals(COMPUTE) ? StreamWorkloads.LANES_PER_CORE * device.threads() : 16 << 20;
        return new Ceiling(subject(Problems.of(loop, String.valueOf(count)), device), loop);
    }

    /// Fused multiply-adds, or the one of STREAM's loops on arrays of 64 MiB that reads about as
    /// much for what it writes as `op` does: scale one for one, triad two for one. Writing costs
    /// more than its bytes, because a store first fetches its line, which neither counts.
    static String loop(Op op) {
        if (op.cost().intensity() > FLOPS_PER_BYTE) return COMPUTE;
        return bytes(op.reads()) > 1.5 * bytes(op.writes()) ? "triad" : "scale";
    }

    private static double bytes(List<Tensor> operands) {
        return operands.stream().mapToDouble(Tensor::bytes).sum();
    }

    private static <O extends Op> Subject subject(Workload<O> workload, CpuDevice device) {
        return Subject.of(Subject.PREFERRED, device.kernels(workload.type()), workload, device);
    }

    String unit() {
        return loop.equals(COMPUTE) ? "GFLOP/s" : "GB/s";
    }

    /// 1e9 flop/s, or byte/s, of so much work.
    double rate(Cost cost, double seconds) {
        return (loop.equals(COMPUTE) ? cost.flops() : cost.bytes()) / seconds * 1e-9;
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
