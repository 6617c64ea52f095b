package dev.ridgeline.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class ResultStoreTest {
    private final StringWriter stdout = new StringWriter();

    @TempDir private Path folder;

    private Output output(Path file) {
        return Output.to(file.toString(), new PrintWriter(stdout));
    }

    @Test
    void what_is_written_is_read_back_to_the_last_bit() {
        var file = folder.resolve("a.json");
        output(file).write(ResultStore.json(Samples.suite()));
        var read = ResultStore.read(file);
        assertThat(ResultStore.json(read)).isEqualTo(ResultStore.json(Samples.suite()));
        assertThat(read).usingRecursiveComparison().isEqualTo(Samples.suite());
    }

    @Test
    void the_file_is_whole_after_every_row() throws IOException {
        var file = folder.resolve("a.json");
        try (var store = new ResultStore(output(file), Samples.of(), List.of())) {
            assertThat(ResultStore.read(file).rows()).isEmpty();
            for (int i = 1; i <= 3; i++) {
                store.put(Samples.row("row " + i, i, 0.01));
                assertThat(ResultStore.read(file).rows()).hasSize(i);
            }
            store.put(Samples.row("row 2", 7, 0.01));
            assertThat(ResultStore.read(file).complete()).isFalse();
            store.put(Samples.suite().ceilings().subList(0, 1));
            assertThat(ResultStore.read(file).ceilings()).hasSize(1);
            store.complete();
        }
        var read = ResultStore.read(file);
        assertThat(read.rows()).extracting(Row::key).containsExactly("row 1", "row 2", "row 3");
        assertThat(read.rows().get(1).seconds().orElseThrow().median()).isEqualTo(7);
        assertThat(read.complete()).isTrue();
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }

    @Test
    void a_dash_is_standard_output_which_gets_the_document_once() throws IOException {
        try (var store =
                new ResultStore(Output.to("-", new PrintWriter(stdout)), Samples.of(), List.of())) {
            store.put(Samples.row("a", 1, 0.01));
            assertThat(stdout.toString()).isEmpty();
        }
        var file = Files.writeString(folder.resolve("a.json"), stdout.toString());
        assertThat(ResultStore.read(file).rows()).hasSize(1);
    }

    @Test
    void a_link_keeps_being_one() throws IOException {
        var file = Files.createFile(folder.resolve("run.json"));
        var link = Files.createSymbolicLink(folder.resolve("latest.json"), file);
        output(link).write("new");
        assertThat(link).isSymbolicLink();
        assertThat(file).hasContent("new");
    }

    @Test
    void a_device_is_written_to_and_not_replaced() {
        output(Path.of("/dev/null")).write("gone");
        assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "missing/a.json, its folder does not exist",
        "taken, it is a folder",
        "file/a.json, Not a directory",
    })
    void an_unwritable_place_is_found_before_anything_is_measured(String target, String why)
            throws IOException {
        Files.createDirectory(folder.resolve("taken"));
        Files.createFile(folder.resolve("file"));
        var path = folder.resolve(target);
        assertThatThrownBy(() -> output(path))
                .isInstanceOf(UnwritableOutput.class)
                .hasMessage("cannot write " + path + ": " + why);
    }

    private void unreadable(String content, String what) throws IOException {
        var file = Files.writeString(folder.resolve("bad.json"), content);
        assertThatThrownBy(() -> ResultStore.read(file))
                .isInstanceOf(UnreadableResult.class)
                .hasMessageStartingWith(file + " ")
                .hasMessageContaining(what)
                .satisfies(e -> assertThat(e.getMessage()).hasLineCount(1));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.5, 0.9, 0.999})
    void a_truncated_file_is_said_to_be(double part) throws IOException {
        var json = ResultStore.json(Samples.suite());
        unreadable(json.substring(0, (int) (json.length() * part)), "is truncated");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|is empty",
                "not json|is not JSON: Unrecognized token 'not'",
                "{\"schema\": }|is not JSON",
                "[1, 2]|names no schema",
                "{\"benchmark\": 1}|names no schema",
                "{\"schema\": \"ridgeline-result-9\"}|is of schema ridgeline-result-9, and this"
                        + " version reads ridgeline-result-1",
                "{\"schema\": \"ridgeline-result-1\"}|created is missing",
            })
    void another_kind_of_file_is_said_to_be(String content, String what) throws IOException {
        unreadable(content, what);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"threads\" : 1,|''|rows[0].threads is missing",
                "\"threads\" : 1,|\"threads\" : \"1\",|rows[0].threads",
                "\"threads\" : 1,|\"threads\" : 1.5,|rows[0].threads",
                "\"threads\" : 1,|\"threads\" : null,|rows[0].threads",
                "\"threads\" : 1,|\"threads\" : 1, \"color\" : 1,|rows[0].color",
                "\"flops\" : 1000000.0|\"flops\" : 1e999|finite",
                "\"status\" : \"MEASURED\"|\"status\" : \"FINE\"|rows[0].status",
                "\"status\" : \"MEASURED\"|\"status\" : \"WRONG\"|belong to MEASURED",
            })
    void a_wrong_field_is_named(String right, String wrong, String what) throws IOException {
        var json = ResultStore.json(Samples.of(Samples.row("a", 1, 0.01)));
        var rows = json.indexOf("\"rows\"");
        unreadable(json.substring(0, rows) + json.substring(rows).replace(right, wrong), what);
    }

    @Test
    void a_file_that_is_not_there_is_said_to_be() {
        assertThatThrownBy(() -> ResultStore.read(folder.resolve("none.json")))
                .hasMessage(folder.resolve("none.json") + " does not exist");
    }

    @Test
    void bytes_that_are_not_text_are_said_to_be() throws IOException {
        var file = Files.write(folder.resolve("a.json"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThatThrownBy(() -> ResultStore.read(file)).hasMessageContaining("UTF-8");
    }

    @Test
    void what_json_cannot_hold_is_refused_when_it_is_made() {
        assertThatThrownBy(() -> new Row.Rate(Double.NaN, 1, 1, "flop/s"))
                .hasMessageContaining("finite");
        assertThatThrownBy(() -> Samples.row("a", Double.POSITIVE_INFINITY, 0.01))
                .hasMessageContaining("finite");
        assertThatThrownBy(() -> Samples.of(Samples.row("a", 1, 0), Samples.row("a", 1, 0)))
                .hasMessageContaining("same key");
    }
}
