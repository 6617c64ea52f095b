package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Param;

public class AttentionBenchmark extends AttentionProblem {
    @Param(Subject.PREFERRED)
    public String kernel;

    @Override
    protected String kernel() {
        return kernel;
    }
}
