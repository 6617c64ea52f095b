package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.report.ResultFile;
import dev.ridgeline.report.ResultStore;
import dev.ridgeline.report.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Runs of `bench` that are as short as they can be.
class BenchTest {
    private static final List<String> SHORT =
            List.of(
                    "bench",
                    "gemm",
                    "--shapes",
                    "8x8x8,16x8x8",
                    "--threads",
                    "1",
                    "--memory",
                    "24MiB",
                    "--rounds",
                    "2",
                    "--max-seconds",
                    "0.02",
                    "--warmup-seconds",
                    "0.001");

    @TempDir Path folder;

    private static Shell bench(String... more) {
        var args = new ArrayList<>(SHORT);
        args.addAll(List.of(more));
        return Shell.run(args.toArray(String[]::new));
    }

    private Path file(String name) {
        return folder.resolve(name);
    }

    @Test
    void rows_go_to_the_file_and_to_the_table() {
        var shell = bench("--json", file("a.json").toString());
        assertThat(shell.exit()).as(shell.err()).isZero();
        assertThat(shell.out()).contains("1 thread", "8x8x8", "16x8x8");
        var file = ResultStore.read(file("a.json"));
        assertThat(file.complete()).isTrue();
        assertThat(file.argv()).startsWith("bench", "gemm");
        assertThat(file.rows())
                .hasSize(2)
                .allSatisfy(
                        row -> {
                            assertThat(row.status()).isEqualTo(Row.Status.MEASURED);
                            assertThat(row.samples()).hasSize(2);
                            assertThat(row.share()).isPresent();
                            assertThat(row.verified()).isPresent();
                        });
        assertThat(file.ceilings())
                .extracting(ResultFile.CeilingRecord::name)
                .containsExactly(
                        "fma f32, 1 thread",
                        "stream copy, 1 thread",
                        "stream scale, 1 thread",
                        "stream triad, 1 thread");
    }

    @Test
    void a_document_on_the_standard_output_has_it_for_itself() throws IOException {
        var shell = bench("--json", "-", "--csv", file("a.csv").toString());
        assertThat(shell.exit()).isZero();
        Files.writeString(file("out.json"), shell.out());
        assertThat(ResultStore.read(file("out.json")).rows()).hasSize(2);
        assertThat(shell.err()).contains("16x8x8");
        assertThat(Files.readAllLines(file("a.csv"))).hasSize(3);
    }

    @Test
    void quiet_says_nothing() {
        var shell = bench("--quiet", "--md", file("a.md").toString());
        assertThat(shell.exit()).isZero();
        assertThat(shell.out() + shell.err()).isEmpty();
        assertThat(file("a.md")).content().contains("| gemm |");
    }

    @Test
    void a_run_is_resumed_with_what_it_has() throws IOException {
        var path = file("a.json");
        bench("--json", path.toString());
        var whole = ResultStore.read(path);
        var kept = whole.rows().getFirst();
        Files.writeString(path, ResultStore.json(partOf(whole)));

        var shell = bench("--resume", path.toString());
        assertThat(shell.exit()).as(shell.err()).isZero();
        var resumed = ResultStore.read(path);
        assertThat(resumed.complete()).isTrue();
        assertThat(resumed.created()).isEqualTo(whole.created());
        assertThat(resumed.rows())
                .extracting(Row::key)
                .containsExactlyElementsOf(whole.rows().stream().map(Row::key).toList());
        assertThat(resumed.rows().getFirst().samples())
                .usingRecursiveComparison()
                .isEqualTo(kept.samples());
        assertThat(resumed.rows().getLast().samples()).hasSize(2);
    }

    /// As if the run had been stopped after its first row.
    private static ResultFile partOf(ResultFile file) {
        return new ResultFile(
                file.schema(),
                file.created(),
                file.argv(),
                file.ridgeline(),
                file.host(),
                file.devices(),
                file.protocol(),
                file.ceilings(),
                file.rows().subList(0, 1),
                false);
    }

    @Test
    void a_run_of_another_protocol_or_command_is_not_resumed() {
        var path = file("a.json");
        bench("--json", path.toString());
        var protocol = bench("--resume", path.toString(), "--seed", "7");
        assertThat(protocol.exit()).isEqualTo(Exit.USAGE);
        assertThat(protocol.err()).contains("it was measured with --seed 1");
        var command = bench("--resume", path.toString(), "--form", "nn");
        assertThat(command.exit()).isEqualTo(Exit.USAGE);
        assertThat(command.err()).contains("rows of another command, ridgeline bench gemm");
    }

    @Test
    void a_run_of_another_device_is_not_resumed() throws IOException {
        var path = file("a.json");
        bench("--json", path.toString());
        Files.writeString(
                path, Files.readString(path).replace("\"threads\" : 1,", "\"threads\" : 3,"));
        var shell = bench("--resume", path.toString());
        assertThat(shell.exit()).isEqualTo(Exit.USAGE);
        assertThat(shell.err())
                .contains("it was measured on cpu (", "3 threads", "and this is cpu (");
    }

    @Test
    void list_and_dry_run_measure_nothing() {
        var list = bench("--list", "--ladder");
        assertThat(list.exit()).isZero();
        assertThat(list.out()).contains("gemm nt m=8 k=8 n=8 f32, gemm/cpu_", ", cpu, 1 thread\n");
        // 3 operands of 1 TiB each: only the arithmetic is done
        var needs =
                Shell.run("bench", "gemm", "--shapes", "524288x524288x524288,8x8x8", "--dry-run");
        assertThat(needs.exit()).isZero();
        assertThat(needs.out()).contains("288.2 PFLOP", "TiB", "does not fit");
    }

    @Test
    void the_standard_suite_has_every_area() {
        var list = Shell.run("bench", "--list");
        assertThat(list.out().lines().map(line -> line.split(" ")[0]).distinct())
                .contains(
                        "gemm",
                        "attention",
                        "attention_backward",
                        "rms_norm",
                        "cross_entropy",
                        "adam_w",
                        "gelu",
                        "rope",
                        "embedding",
                        "triad");
    }

    @Test
    void a_shape_that_does_not_fit_ends_its_row_and_no_other() {
        var shell = bench("--shapes", "4096x4096x8", "--json", file("a.json").toString());
        assertThat(shell.exit()).isEqualTo(Exit.ENVIRONMENT);
        assertThat(ResultStore.read(file("a.json")).rows())
                .extracting(Row::status)
                .containsExactly(Row.Status.MEASURED, Row.Status.MEASURED, Row.Status.FAILED);
    }
}
