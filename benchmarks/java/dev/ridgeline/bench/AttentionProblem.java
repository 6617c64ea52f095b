package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Causal attention, forward and backward.
public abstract class AttentionProblem extends KernelBenchmark {
    @Param({"attention", "attention_backward"})
    public String op;

    /// B x H x T x D.
    @Param({"4x12x256x64", "1x12x1024x64", "1x8x4096x128"})
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
    public void attention(Rates rates) {
        run(rates);
    }
}
