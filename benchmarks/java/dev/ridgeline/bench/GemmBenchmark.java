package dev.ridgeline.bench;

import org.openjdk.jmh.annotations.Param;

public class GemmBenchmark extends GemmProblem {
    /// `cpu_prepacked` has no tn form: a weight gradient has no weight to pack.
    @Param("cpu_blocked")
    public String kernel;

    @Override
    protected String kernel() {
        return kernel;
    }
}
