package dev.ridgeline.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/// The stand-in driver's own test, which is in C++: its wrappers of PTX instructions against plain
/// loops, and small kernels with a mistake each.
class DriverStandinTest {
    @Test
    void computes_what_plain_loops_do_and_catches_mistakes()
            throws IOException, InterruptedException {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
        var make =
                new ProcessBuilder("make", "-C", "kernels", "-j2", "standin-test")
                        .redirectErrorStream(true)
                        .start();
        var said = new String(make.getInputStream().readAllBytes());
        assertThat(make.waitFor()).as(said).isZero();
        assertThat(said).contains(" passed, 0 failed");
    }
}
