package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Norms of rows, forward and backward.
public abstract class NormProblem extends KernelBenchmark {
    @Param({"rms_norm", "rms_norm_backward", "layer_norm", "layer_norm_backward"})
    public String op;

    /// Rows x columns, past any last-level cache.
    @Param({"65536x768", "12288x4096"})
    public String shape;

    @Override
    protected String op() {
        return op;
    }

    @Override
    protected String shape() {
        return shape;
    }

    @Benchmark
    public void norm(Rates rates) {
        run(rates);
    }
}
