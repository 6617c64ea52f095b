package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.report.ResultStore;
import dev.ridgeline.report.Row;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Loads that are as short as they can be.
class BenchLoadTest {
    @TempDir Path folder;

    private Shell load(String... more) {
        var args =
                new ArrayList<>(
                        List.of(
                                "bench",
                                "load",
                                "--device",
                                "cpu",
                                "--rounds",
                                "2",
                                "--readers",
                                "2",
                                "--checkpoint",
                                folder.resolve("made").toString()));
        args.addAll(List.of(more));
        if (!args.contains("--block")) args.addAll(List.of("--block", "64KiB"));
        if (!args.contains("--memory")) args.addAll(List.of("--memory", "64MiB"));
        return Shell.run(args.toArray(String[]::new));
    }

    private Shell made(String... more) {
        var args = new ArrayList<>(List.of("--make", "150KiB", "--model", "llama-tiny"));
        args.addAll(List.of(more));
        var shell = load(args.toArray(String[]::new));
        // a temporary folder in memory cannot be forgotten, or read directly
        assumeTrue(
                !shell.err().contains("nothing is cold") && !shell.err().contains("by O_DIRECT:"),
                shell.err());
        assertThat(shell.exit()).as(shell.err()).isZero();
        return shell;
    }

    @Test
    void warm_and_cold_rows_with_their_stages() {
        var json = folder.resolve("a.json");
        var shell = made("--json", json.toString());
        assertThat(shell.out())
                .contains("by page cache, 2 readers, blocks of 64.0 KiB")
                .contains("warm: of the files the page cache has 100 % before a load")
                .contains("cold: of the files the page cache has 0.00 % before a load")
                .containsPattern("end to end +[0-9.]+ .s +.*B/s +[0-9.]+ % of memory copy")
                .containsPattern("end to end +[0-9.]+ .s +.*B/s +[0-9.]+ % of disk, page cache")
                .containsPattern("arrived +whole +CRC-32C");
        var file = ResultStore.read(json);
        assertThat(file.rows())
                .extracting(Row::op)
                .containsExactly("load", "load_read", "load", "load_read");
        assertThat(file.rows())
                .allSatisfy(
                        row -> {
                            assertThat(row.status()).isEqualTo(Row.Status.MEASURED);
                            assertThat(row.samples()).hasSize(2);
                            assertThat(row.verified()).isPresent();
                            assertThat(row.convention()).contains("host memory: a ring of");
                        });
        assertThat(file.rows().getFirst().share()).isPresent();
        assertThat(file.rows()).extracting(Row::cache).contains(Optional.of("cold"));
        assertThat(file.ceilings())
                .extracting(c -> c.name())
                .containsExactly("memory copy, warm", "disk, page cache, cold");
    }

    @ParameterizedTest
    @CsvSource({
        "--access mapped,load load_read",
        "--access direct,load load_read load_copy",
        "--ring,load load_read load_copy",
        "--cast f32,load load_read load_cast",
        "--cast f32 --ring,load load_read load_cast load_copy",
        "--ranks 3,load load_read load_gather",
    })
    void ways_to_load(String flags, String ops) {
        var json = folder.resolve("a.json");
        var args = new ArrayList<>(List.of(flags.split(" ")));
        args.addAll(List.of("--json", json.toString()));
        made(args.toArray(String[]::new));
        assertThat(ResultStore.read(json).rows())
                .extracting(Row::op)
                .containsAll(List.of(ops.split(" ")));
    }

    @Test
    void a_dry_run_reads_headers_alone() {
        var shell = load("--make", "150KiB", "--model", "llama-tiny", "--dry-run");
        assertThat(shell.exit()).as(shell.err()).isZero();
        assertThat(shell.out()).contains("made, ", " bytes of memory").doesNotContain("warm");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                " | 2 | made: cannot be read: no such file",
                "--make 150KiB --block 1000 | 2 | a block of 1,000 bytes is not a multiple of 64",
                "--make 10% | 2 | --make: an amount, such as 4GiB",
                "--make 1GiB --model llama-tiny | 2 | name a larger one with --model",
                "--cast e4m3 --make 150KiB --model llama-tiny | 2 | there is bf16 and f32",
                "--ranks 0 | 2 | --ranks is for the CPU, and at least 1",
                "--make 150KiB --model llama-tiny --memory 64KiB | 3 | cpu: 223,208 bytes do not"
                        + " fit",
            })
    void loads_that_cannot_be(String args, int exit, String message) {
        var shell = args == null ? load() : load(args.strip().split(" "));
        assertThat(shell.exit()).as(shell.err()).isEqualTo(exit);
        assertThat(shell.err()).contains(message).hasLineCount(1);
    }

    @Test
    void nothing_is_written_over() throws IOException {
        Files.createDirectories(folder.resolve("made"));
        Files.writeString(folder.resolve("made/notes.txt"), "mine");
        assertThat(load("--make", "150KiB").err()).contains("has files already");
        assertThat(folder.resolve("made/notes.txt")).hasContent("mine");
    }
}
