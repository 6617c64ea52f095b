package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.Test;

import java.io.IOException;

class DevicesAndVerifyTest {
    @Test
    void devices_tells_what_is_here_and_how_fast_it_is() {
        var shell = Shell.run("devices", "--memory", "64MiB", "--threads", "1");
        assertThat(shell.exit()).as(shell.err()).isIn(Exit.OK, Exit.ENVIRONMENT);
        assertThat(shell.out())
                .startsWith("cpu: ")
                .contains("64.0 MiB", "PASS", "NVIDIA driver", "fma f32, 1 thread", "GFLOP/s");
    }

    @Test
    void devices_as_json_is_one_document() throws IOException {
        var shell = Shell.run("devices", "--json", "--no-ceilings");
        var tree = new ObjectMapper().readTree(shell.out());
        assertThat(tree.at("/devices/0/name").asText()).isEqualTo("cpu");
        assertThat(tree.at("/host/processor/model").asText()).isNotEmpty();
        assertThat(tree.at("/checks/0/status").asText()).isIn("PASS", "WARN", "FAIL");
        assertThat(tree.at("/ceilings")).isEmpty();
    }

    @Test
    void verify_counts_what_passed_and_says_why_a_kernel_refuses() {
        var shell = Shell.run("verify", "--op", "gemm", "--kernel", "prepacked", "-v");
        assertThat(shell.exit()).as(shell.out()).isZero();
        assertThat(shell.out())
                .contains("gemm/cpu_prepacked", "none failed", "gemm/cpu_prepacked refuses ");
    }

    @Test
    void verify_runs_once_for_each_number_of_threads() {
        int cores = Runtime.getRuntime().availableProcessors();
        var threads = cores > 1 ? "1," + cores : "1";
        var shell = Shell.run("verify", "--op", "copy", "--threads", threads);
        assertThat(shell.exit()).isZero();
        assertThat(shell.out().lines().filter(line -> line.startsWith("cpu: ")))
                .hasSize(cores > 1 ? 2 : 1);
    }

    @Test
    void quiet_is_silent_where_nothing_is_wrong() {
        var shell = Shell.run("verify", "--op", "copy", "--quiet");
        assertThat(shell.exit()).isZero();
        assertThat(shell.out() + shell.err()).isEmpty();
    }
}
