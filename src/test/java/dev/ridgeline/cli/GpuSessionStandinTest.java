package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cuda.Cuda;
import dev.ridgeline.measure.workload.Probes;
import dev.ridgeline.op.Op;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The script for a first session on a GPU, as far as it goes without one.
class GpuSessionStandinTest {
    @TempDir Path folder;
    private Path out;

    @BeforeEach
    void need_the_standin() {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
        out = folder.resolve("results");
    }

    /// A launcher: this program, after the lines given.
    private Path launcher(String before) throws IOException {
        var script = folder.resolve("launcher");
        Files.writeString(
                script,
                """
                #!/bin/sh
                %s
                exec '%s/bin/java' --add-modules=jdk.incubator.vector \\
                    --enable-native-access=ALL-UNNAMED -cp '%s' dev.ridgeline.cli.Ridgeline "$@"
                """
                        .formatted(
                                before,
                                System.getProperty("java.home"),
                                System.getProperty("java.class.path")));
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return script;
    }

    private int run(Path launcher, String... args) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("bundle/gpu-session"));
        command.addAll(List.of(args));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("RIDGELINE", launcher.toString());
        builder.redirectOutput(folder.resolve("said").toFile());
        return builder.start().waitFor();
    }

    @Test
    void every_part_takes_its_arguments() throws Exception {
        assertThat(run(launcher(""), "--dry-run", out.toString(), "devices", "gemm", "memory"))
                .isZero();
        assertThat(out.resolve("summary.md"))
                .content()
                .contains("| devices | done |", "| gemm | done |", "| memory | done |")
                .contains("Ridgeline stand-in, no GPU");
        assertThat(out.resolve("gemm.log"))
                .content()
                .contains("m=8192 k=8192 n=8192 bf16", "gemm/portable_plain");
    }

    /// The largest model of a session needs a device as large as the ones it is meant for.
    @Test
    void the_rows_of_every_call_fit_a_large_gpu() throws Exception {
        var large = launcher("export STANDIN_MEMORY=85899345920");
        var archive = folder.resolve("second.tar.gz");
        assertThat(
                        run(
                                large,
                                "--dry-run",
                                "--archive",
                                archive.toString(),
                                out.toString(),
                                "second",
                                "attention"))
                .isZero();
        assertThat(out.resolve("summary.md"))
                .content()
                .contains("| norm | done |", "| optimizer | done |", "| step | done |")
                .contains("| attention | done |")
                .doesNotContain("| gemm |");
        assertThat(archive).isNotEmptyFile();
    }

    @Test
    void every_kernel_is_in_a_family_that_is_verified() throws IOException {
        var script = Files.readString(Path.of("bundle/gpu-session"));
        var families = script.substring(script.indexOf("families='") + "families='".length());
        var ops = List.of(families.substring(0, families.indexOf('\'')).split("[,\\s]+"));
        assertThat(ops)
                .containsExactlyInAnyOrderElementsOf(
                        Probes.all().stream().map(w -> Op.name(w.type())).distinct().toList());
    }

    @Test
    void what_is_measured_is_refused_on_the_standin() throws Exception {
        assertThat(run(launcher(""), out.toString(), "memory")).isZero();
        assertThat(out.resolve("summary.md")).content().contains("| memory | exit 3");
        assertThat(out.resolve("memory.log")).content().contains("nothing on it is timed");
    }

    @Test
    void a_part_that_hangs_costs_its_own_time_and_no_other() throws Exception {
        var hanging = launcher("[ \"$1\" = verify ] && exec sleep 600");
        assertThat(run(hanging, "--seconds", "6", out.toString(), "verify", "devices")).isZero();
        assertThat(out.resolve("summary.md"))
                .content()
                .contains("| verify | ended after its ", "| devices | skipped: no time was left |");
    }

    @Test
    void where_it_ran_is_not_told() throws Exception {
        var telling = launcher("echo \"$HOME and $(uname -n) and %s\"".formatted(out));
        assertThat(run(telling, "--dry-run", out.toString(), "memory")).isZero();
        assertThat(out.resolve("memory.log")).content().startsWith("== memory\n~ and HOST and OUT");
    }

    @Test
    void a_part_that_does_not_exist_is_refused() throws Exception {
        assertThat(run(launcher(""), out.toString(), "gem")).isEqualTo(2);
        assertThat(folder.resolve("said")).content().contains("there is no part gem");
    }
}
