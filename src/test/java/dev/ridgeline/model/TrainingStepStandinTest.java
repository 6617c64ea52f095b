package dev.ridgeline.model;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cuda.Cuda;

import org.junit.jupiter.api.BeforeAll;

/// On the stand-in driver, which runs the CUDA kernels without a GPU.
class TrainingStepStandinTest extends StepsOnGpu {
    @BeforeAll
    static void is_there() {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
    }
}
