package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Softmax and the loss that contains one.
public abstract class SoftmaxProblem extends KernelBenchmark {
    @Param({"softmax", "softmax_backward", "cross_entropy"})
    public String op;

    /// Rows x columns, past any last-level cache.
    @Param({"1024x50257", "49152x1024"})
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
    public void softmax(Rates rates) {
        run(rates);
    }
}
