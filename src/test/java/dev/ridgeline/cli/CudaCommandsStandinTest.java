package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cuda.Cuda;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The commands on the stand-in's two devices.
class CudaCommandsStandinTest {
    @BeforeAll
    static void on_the_standin() {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
    }

    @Test
    void devices_names_every_gpu_and_measures_nothing_on_a_standin() {
        var shell = Shell.run("devices", "--device", "cuda:all");
        assertThat(shell.exit()).as(shell.err()).isIn(Exit.OK, Exit.ENVIRONMENT);
        assertThat(shell.out())
                .startsWith("cuda:0: Ridgeline stand-in")
                .contains("cuda:1", "GPU-", "not in the catalog", "it is the stand-in")
                .doesNotContain("GB/s");
    }

    @Test
    void verify_runs_on_every_device() {
        var shell = Shell.run("verify", "--device", "cuda:all", "--op", "copy,triad");
        assertThat(shell.exit()).as(shell.out() + shell.err()).isZero();
        assertThat(shell.out())
                .contains("cuda:0: ", "cuda:1: ", "triad/portable_vectorized", "none failed");
    }

    @Test
    void verify_takes_a_memory_limit() {
        var shell = Shell.run("verify", "--device", "cuda:1", "--op", "copy", "--memory", "64MiB");
        assertThat(shell.exit()).as(shell.out()).isZero();
        assertThat(shell.out()).contains("64.0 MiB");
    }

    @Test
    void nothing_is_timed_on_a_standin() {
        var shell = Shell.run("bench", "memory", "--device", "cuda:0");
        assertThat(shell.exit()).isEqualTo(Exit.ENVIRONMENT);
        assertThat(shell.err()).contains("cuda:0 is the stand-in driver", "nothing on it is timed");
        assertThat(Shell.run("bench", "memory", "--device", "cuda:0", "--list").out())
                .contains("copy n=8388608 f32, copy/portable_vectorized, cuda:0\n");
    }

    @Test
    void a_device_that_is_not_there_is_an_error_with_the_reason() {
        var shell = Shell.run("verify", "--device", "cuda:7");
        assertThat(shell.exit()).isEqualTo(Exit.ENVIRONMENT);
        assertThat(shell.err()).contains("cuda:7: the driver shows 2 devices");
    }

    @Test
    void the_standin_is_never_chosen_by_itself() {
        assertThat(Shell.run("verify", "--op", "copy").out()).startsWith("cpu: ");
    }

    @Test
    void threads_are_for_the_cpu() {
        var shell = Shell.run("verify", "--device", "cuda:0", "--threads", "2");
        assertThat(shell.exit()).isEqualTo(Exit.USAGE);
        assertThat(shell.err()).contains("--threads is for the CPU");
    }
}
