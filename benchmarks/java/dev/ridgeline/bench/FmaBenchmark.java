package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// The compute ceiling: fused multiply-adds in registers.
public class FmaBenchmark extends KernelBenchmark {
    /// Lanes: what fills 16 cores.
    @Param("49152")
    public String shape;

    @Param(Subject.PREFERRED)
    public String kernel;

    @Override
    protected String op() {
        return "fma_loop";
    }

    @Override
    protected String shape() {
        return shape;
    }

    @Override
    protected String kernel() {
        return kernel;
    }

    @Benchmark
    public void fma(Rates rates) {
        run(rates);
    }
}
