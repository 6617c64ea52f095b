package dev.ridgeline.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.device.DeviceFailure;
import dev.ridgeline.measure.Verifier;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.Wrong;
import dev.ridgeline.measure.workload.Probes;
import dev.ridgeline.op.Op;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Kernels with one mistake each are caught on the probes that the right ones pass.
class PlantedBugStandinTest {
    private static final Path README = PlantedBug.KERNELS.resolve("README.md");
    private static final String BEGIN = "| planted bug | in | shows as |\n|---|---|---|\n";
    private static final Path FOLDER = Path.of("target/standin/bugs");

    private static List<PlantedBug> bugs;
    private static String kernels;

    /// `void f(const char *)`.
    public interface Setting {
        void set(MemorySegment text);
    }

    @BeforeAll
    static void build() throws IOException, InterruptedException {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
        kernels = LibCuda.standinKernels().orElseThrow().toString();
        bugs = PlantedBug.all();
        for (int i = 0; i < bugs.size(); i++) bugs.get(i).plant(folder(i));
        var make =
                new ProcessBuilder("make", "-C", "kernels", "-j2", "standin-bugs")
                        .redirectErrorStream(true)
                        .start();
        var said = new String(make.getInputStream().readAllBytes());
        assertThat(make.waitFor()).as(said).isZero();
    }

    @AfterAll
    static void restore() {
        if (kernels != null) use(kernels);
    }

    private static Path folder(int bug) {
        return FOLDER.resolve("%02d".formatted(bug));
    }

    private static void use(String folder) {
        try (var arena = Arena.ofConfined()) {
            LibCuda.library()
                    .call("standin_use_kernels", Setting.class)
                    .set(arena.allocateFrom(folder));
        }
    }

    @TestFactory
    Stream<DynamicTest> every_bug_is_caught() {
        return IntStream.range(0, bugs.size())
                .mapToObj(
                        i ->
                                DynamicTest.dynamicTest(
                                        bugs.get(i).what(),
                                        () -> isCaught(bugs.get(i), folder(i))));
    }

    private static void isCaught(PlantedBug bug, Path folder) {
        use(folder.toAbsolutePath().toString());
        try (var device = CudaDevice.open(0, free -> free)) {
            var shown =
                    Probes.all().stream()
                            .map(probe -> shown(bug, probe, device))
                            .flatMap(Optional::stream)
                            .findFirst();
            assertThat(shown).as("no probe shows it").isPresent();
            assertThat(shown.get()).contains(bug.shows());
        }
    }

    /// What is wrong with the kernel on a probe; empty where nothing is, or the probe is not its.
    private static <O extends Op> Optional<String> shown(
            PlantedBug bug, Workload<O> probe, CudaDevice device) {
        return device.kernels(probe.type()).stream()
                .filter(kernel -> kernel.id().toString().equals(bug.kernel()))
                .findFirst()
                .flatMap(
                        kernel -> {
                            try {
                                return Verifier.check(kernel, probe, device)
                                                instanceof Wrong<O> wrong
                                        ? Optional.of(wrong.message())
                                        : Optional.empty();
                            } catch (DeviceFailure e) {
                                return Optional.of(e.getMessage());
                            }
                        });
    }

    @Test
    void the_readme_lists_them() throws IOException {
        var rows = bugs.stream().map(PlantedBug::row).collect(Collectors.joining("\n"));
        var was = Files.readString(README);
        int from = was.indexOf(BEGIN) + BEGIN.length();
        int to = was.indexOf("\n\n", from);
        if (from < BEGIN.length() || to < 0) fail(README + " has no table of planted bugs");
        if (Boolean.getBoolean("format.write"))
            Files.writeString(README, was.substring(0, from) + rows + was.substring(to));
        else assertThat(was.substring(from, to)).isEqualTo(rows);
    }
}
