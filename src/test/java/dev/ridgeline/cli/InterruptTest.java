package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.ridgeline.report.ResultStore;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// Ctrl-C in the middle of a run.
class InterruptTest {
    @TempDir Path folder;

    @Test
    void rows_so_far_are_on_disk_and_shown_and_the_exit_code_is_130() throws Exception {
        assumeFalse(interruptIgnored(), "this process was started with SIGINT ignored");
        var json = folder.resolve("a.json");
        // a launch of the second row takes long: the signal finds it in the middle of a kernel
        var process =
                ChildJvm.ridgeline(
                        List.of(),
                        "bench",
                        "gemm",
                        "--shapes",
                        "8x8x8,1024x1024x1024",
                        "--kernel",
                        "cpu_dot",
                        "--threads",
                        "1",
                        "--memory",
                        "64MiB",
                        "--rounds",
                        "1000",
                        "--max-seconds",
                        "10",
                        "--warmup-seconds",
                        "0",
                        "--json",
                        json.toString());
        try {
            waitForRow(json, process);
            assertThat(
                            new ProcessBuilder("kill", "-INT", String.valueOf(process.pid()))
                                    .start()
                                    .waitFor())
                    .isZero();
            var output = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor()).isEqualTo(130);
            var file = ResultStore.read(json);
            assertThat(file.complete()).isFalse();
            assertThat(file.rows()).isNotEmpty();
            assertThat(output).contains("8x8x8").containsPattern("interrupted: [12] of 2 rows");
        } finally {
            process.destroyForcibly();
        }
    }

    private static void waitForRow(Path json, Process process) throws Exception {
        var deadline = Instant.now().plus(Duration.ofMinutes(2));
        while (!hasRow(json)) {
            assertThat(process.isAlive()).isTrue();
            assertThat(Instant.now()).isBefore(deadline);
            Thread.sleep(50);
        }
    }

    private static boolean hasRow(Path json) throws IOException {
        return Files.exists(json) && !ResultStore.read(json).rows().isEmpty();
    }

    /// Background jobs of some shells begin like this, and a JVM keeps it so.
    static boolean interruptIgnored() throws IOException {
        var status = Path.of("/proc/self/status");
        if (!Files.exists(status)) return false;
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
    }
}
