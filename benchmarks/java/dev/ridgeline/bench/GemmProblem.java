package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Matrix products, in the forms and shapes of a GPT-2 sized linear layer and in squares.
public abstract class GemmProblem extends KernelBenchmark {
    @Param({"nt", "nn", "tn"})
    public String form;

    /// M x K x N.
    @Param({
        "512x512x512",
        "1024x1024x1024",
        "2048x2048x2048",
        "4096x4096x4096",
        "256x768x2304",
        "256x768x3072",
        "256x3072x768",
        "256x768x50257"
    })
    public String shape;

    @Override
    protected String op() {
        return "gemm_" + form;
    }

    @Override
    protected String shape() {
        return shape;
    }

    @Benchmark
    public void gemm(Rates rates) {
        run(rates);
    }
}
