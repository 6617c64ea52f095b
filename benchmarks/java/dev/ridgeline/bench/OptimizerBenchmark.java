package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Param;

public class OptimizerBenchmark extends OptimizerProblem {
    @Param(Subject.PREFERRED)
    public String kernel;

    @Override
    protected String kernel() {
        return kernel;
    }
}
