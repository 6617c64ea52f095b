package dev.ridgeline.cpu;

import dev.ridgeline.Dithered;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DitheredCopyTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void bits_do_not_depend_on_threads(int threads) {
        try (var device = new CpuDevice("cpu", threads, 1 << 28)) {
            Dithered.requireSameBits(device);
        }
    }
}
