package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;

import dev.ridgeline.report.ResultStore;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class BenchStepTest {
    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny", "moe-tiny"})
    void a_step_and_its_operations_are_rows(String model) throws IOException {
        var json = folder.resolve("step.json");
        var shell =
                Shell.run(
                        "bench",
                        "step",
                        "--model",
                        model,
                        "--batch",
                        "2",
                        "--seq",
                        "16",
                        "--threads",
                        "1",
                        "--memory",
                        "64MiB",
                        "--rounds",
                        "2",
                        "--max-seconds",
                        "0.05",
                        "--warmup-seconds",
                        "0.01",
                        "--json",
                        json.toString());
        assertThat(shell.exit()).as(shell.err()).isZero();
        assertThat(shell.out())
                .contains("token/s", "MFU", "HFU", "gemm", "of step", "first moments", "total");
        var file = ResultStore.read(json);
        var step = file.rows().getFirst();
        assertThat(step.op()).isEqualTo("training_step");
        assertThat(step.convention()).startsWith("6N");
        assertThat(step.share().orElseThrow().value())
                .isCloseTo(
                        step.rate().orElseThrow().value() / file.ceilings().getFirst().value(),
                        within(1e-9));
        assertThat(file.rows()).extracting("op").contains("gemm", "attention_backward", "adam_w");
        var schema =
                JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                        .getSchema(Files.readString(Path.of("schema/result-1.schema.json")));
        assertThat(schema.validate(new ObjectMapper().readTree(Files.readString(json)))).isEmpty();
    }

    @Test
    void a_step_that_does_not_fit_is_streamed() {
        var json = folder.resolve("streamed.json");
        var shell =
                Shell.run(
                        "bench",
                        "step",
                        "--model",
                        "llama-tiny",
                        "--batch",
                        "2",
                        "--seq",
                        "16",
                        "--threads",
                        "1",
                        "--memory",
                        "1MiB",
                        "--stream",
                        "--rounds",
                        "1",
                        "--max-seconds",
                        "0.05",
                        "--warmup-seconds",
                        "0.01",
                        "--json",
                        json.toString());
        assertThat(shell.exit()).as(shell.err()).isZero();
        assertThat(shell.out()).contains("token/s", "% streamed", "copied to the device");
        assertThat(ResultStore.read(json).rows())
                .extracting("op")
                .contains("training_step", "gemm", "attention_backward", "adam_w");
    }

    @Test
    void a_dry_run_measures_nothing() {
        var shell = Shell.run("bench", "step", "--dry-run", "--memory", "4GiB");
        assertThat(shell.exit()).as(shell.err()).isZero();
        assertThat(shell.out()).contains("activations, layer 0 to 11").doesNotContain("token/s");
    }
}
