package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// One step of the optimizer, in place.
public abstract class OptimizerProblem extends KernelBenchmark {
    @Param({"adam_w"})
    public String op;

    /// Elements: a layer of GPT-2, and many.
    @Param({"7087872", "50000000"})
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
    public void step(Rates rates) {
        run(rates);
    }
}
