package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

class PlanCommandTest {
    @TempDir Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int plan(String... args) {
        var all = new String[args.length + 1];
        all[0] = "plan";
        System.arraycopy(args, 0, all, 1, args.length);
        return Ridgeline.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(all);
    }

    @Test
    void a_model_that_does_not_fit() {
        assertThat(plan("--model", "llama-8b", "--part", "h100", "--reserve", "1GiB")).isZero();
        assertThat(out.toString())
                .contains("llama-8b, 8,030,261,248 parameters")
                .contains("16,060,522,496 bytes as stored (bf16)")
                .containsPattern("total, without activations +128,484,179,968 +119.7 GiB")
                .containsPattern("H200 SXM 141 GB +141.0 GiB +1 +1\n")
                .contains("not everything fits")
                .containsPattern("optimizer state that waits on the host +[0-9,]+")
                .containsPattern("link to the host, in +[0-9.]+ ms = .*<- binds");
    }

    @Test
    void ten_trillion_on_thousands() {
        assertThat(plan("--model", "moe-10t", "--devices", "4096", "--part", "gb300", "--tp", "8"))
                .isZero();
        assertThat(out.toString())
                .contains("4096 devices, GB300 (one GPU): 8 tensor ranks, 1 stage of whole layers,")
                .contains("512 copies, ZeRO-3")
                .contains("on 8 ranks the same: router, 754,974,720 bytes")
                .contains("everything fits");
    }

    /// What cannot run is said, and what would make it run.
    @Test
    void a_layer_larger_than_the_device() {
        assertThat(plan("--model", "moe-10t", "--devices", "8192")).isZero();
        assertThat(out.toString())
                .contains("none fits")
                .containsPattern("no step runs: a device needs at least [0-9,]+ bytes")
                .contains("split it further with --tp");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--part h1 | there is no part 'h1'",
                "--part feynman | the catalog does not know the memory of feynman",
                "--tp 5 | 12 heads cannot be split over 5 ranks",
                "--devices 3 --tp 2 | 3 devices are no whole number of models",
                "--zero 4 | ZeRO has stages 0 to 3, not 4",
                "--reserve 100% | --reserve leaves nothing of the H100",
                "--seq 0 | --batch and --seq are at least 1",
                "--index none.json | none.json: cannot be read: no such file",
            })
    void a_plan_of_nothing(String args, String message) {
        assertThat(plan(args.split(" "))).isEqualTo(Exit.USAGE);
        assertThat(err.toString()).contains(message).hasLineCount(1);
    }

    @Test
    void an_index_beside_it() throws IOException {
        var file = folder.resolve("index.json");
        Files.writeString(file, "{\"weight_map\":{}}");
        assertThat(plan("--model", "llama-tiny", "--index", file.toString())).isEqualTo(Exit.USAGE);
        assertThat(err.toString()).contains("which the model has");
    }
}
