package dev.ridgeline.model;

import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cuda.Cuda;

import org.junit.jupiter.api.BeforeAll;

/// On a real GPU, where one is.
class TrainingStepGpuTest extends StepsOnGpu {
    @BeforeAll
    static void is_there() {
        assumeFalse(Cuda.standin(), "this is the stand-in driver");
        assumeTrue(Cuda.ready(), "no GPU, or no kernels for one");
    }
}
