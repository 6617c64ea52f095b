package dev.ridgeline.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cuda.Cuda;
import dev.ridgeline.cuda.CudaDevice;

import org.junit.jupiter.api.Test;

/// The benchmark of launches, which refuses to time the stand-in, runs there from end to end.
class LaunchBenchmarkStandinTest {
    @Test
    void all_of_it_runs_and_leaves_nothing() {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
        var benchmark = new LaunchBenchmark();
        var device = CudaDevice.open(0, free -> free);
        benchmark.prepare(device);
        for (int invocation = 0; invocation < 3; invocation++) {
            benchmark.drain();
            benchmark.enqueue();
            benchmark.launches();
            benchmark.replay();
        }
        benchmark.close();
        assertThat(device.allocated()).isZero();
    }
}
