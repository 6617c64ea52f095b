package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Param;

public class SoftmaxBenchmark extends SoftmaxProblem {
    @Param(Subject.PREFERRED)
    public String kernel;

    @Override
    protected String kernel() {
        return kernel;
    }
}
