package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// The memory ceiling: STREAM's copy, scale and triad.
public class StreamBenchmark extends KernelBenchmark {
    @Param({"copy", "scale", "triad"})
    public String op;

    /// Elements of one array; 256 MiB.
    @Param("67108864")
    public String shape;

    @Param(Subject.PREFERRED)
    public String kernel;

    @Override
    protected String op() {
        return op;
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
    public void stream(Rates rates) {
        run(rates);
    }
}
