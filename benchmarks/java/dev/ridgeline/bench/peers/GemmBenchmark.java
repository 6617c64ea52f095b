package dev.ridgeline.bench.peers;

import dev.ridgeline.bench.GemmProblem;
import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.op.Op;

import org.openjdk.jmh.annotations.Param;

import java.util.List;

/// The same problems, computed by the libraries a user would choose instead.
public class GemmBenchmark extends GemmProblem {
    @Param({"openblas_sgemm", "onednn_sgemm", "pytorch_matmul"})
    public String kernel;

    @Override
    protected String kernel() {
        return kernel;
    }

    @Override
    protected <O extends Op> List<Kernel<O>> kernels(Device device, Class<O> op) {
        return Peers.kernels(op, threads);
    }
}
