package dev.ridgeline.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.Dithered;

import org.junit.jupiter.api.Test;

class DitheredCopyStandinTest {
    @Test
    void bits_are_those_of_the_cpu() {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
        try (var device = CudaDevice.open(0, free -> free)) {
            Dithered.requireSameBits(device);
        }
    }
}
