package dev.ridgeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipFile;

/// `target/benchmarks.jar` works alone, as one copied to a node without Maven has to.
class BenchmarksJarTest {
    private static final Path JAR = Path.of("target/benchmarks.jar");

    private static String run(String... arguments) throws IOException, InterruptedException {
        var command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                // another JMH on this machine does not disturb what is tested
                                "-Djmh.ignoreLock=true",
                                "-jar",
                                JAR.toString()));
        command.addAll(List.of(arguments));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    @Test
    void lists_the_benchmarks_without_the_peers() throws IOException, InterruptedException {
        assertThat(run("-l"))
                .contains("dev.ridgeline.bench.GemmBenchmark.gemm")
                .contains("dev.ridgeline.bench.AttentionBenchmark.attention")
                .doesNotContain("peers");
    }

    @Test
    void passes_the_options_of_jmh() throws IOException, InterruptedException {
        assertThat(run("-h")).contains("-prof", "-rf <type>");
    }

    @Test
    void runs_a_verified_kernel_and_counts_its_work() throws IOException, InterruptedException {
        assertThat(
                        run(
                                "GemmBenchmark",
                                "-p",
                                "form=nt",
                                "-p",
                                "shape=64x64x64",
                                "-wi",
                                "0",
                                "-i",
                                "1",
                                "-r",
                                "20ms",
                                "-foe",
                                "true"))
                .contains("GemmBenchmark.gemm:GFLOP", "GemmBenchmark.gemm:GB");
    }

    @Test
    void is_small_enough_to_travel() throws IOException {
        assertThat(Files.size(JAR)).isLessThan(12L << 20);
        try (var jar = new ZipFile(JAR.toFile())) {
            assertThat(jar.stream().map(e -> e.getName()))
                    .noneMatch(name -> name.startsWith("dev/ridgeline/bench/peers"))
                    .noneMatch(name -> name.startsWith("ai/djl"))
                    .noneMatch(name -> name.startsWith("org/bytedeco"))
                    .filteredOn(name -> name.endsWith(".so"))
                    .allMatch(name -> name.startsWith("lib/libJCudaDriver-"));
        }
    }
}
