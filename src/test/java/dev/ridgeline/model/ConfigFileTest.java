package dev.ridgeline.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

class ConfigFileTest {
    @TempDir Path folder;

    private static Path resource(String name) {
        try {
            return Path.of(ConfigFileTest.class.getResource("configs/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /// Sizes as the `metadata.total_size` of each model's published index has them; those without
    /// one counted by hand from their published shapes.
    @ParameterizedTest
    @CsvSource({
        "llama-3.1-70b.json, 70553804800, 282215219200",
        "qwen2.5-14b.json, 14765947904, 29531895808",
        "llama-3.2-1b.json, 1235814400, 2471628800",
        "llama-3.2-3b.json, 3212749824, 6425499648",
        "granite-3.1-1b-a400m-moe.json, 1334628352, 2669256704"
    })
    void sizes_of_public_models(String file, long count, long bytes) {
        var parameters = Parameters.of(ConfigFile.read(resource(file)));
        assertThat(parameters.count()).isEqualTo(count);
        assertThat(parameters.storedBytes()).isEqualTo(bytes);
    }

    /// As their papers round them: GPT-2 124,439,808 (12 layers of 7,087,872, tables of 39,383,808,
    /// final norm 1,536); Llama 3 8,030,261,248, 70,553,706,496 and 405,853,388,800.
    @ParameterizedTest
    @CsvSource({
        "gpt2-124m, 124439808",
        "gpt2-350m, 354823168",
        "gpt2-1558m, 1557611200",
        "llama-1b, 1235814400",
        "llama-8b, 8030261248",
        "llama-70b, 70553706496",
        "llama-405b, 405853388800"
    })
    void sizes_of_presets(String name, long count) {
        assertThat(Parameters.of(Presets.of(name)).count()).isEqualTo(count);
    }

    @Test
    void ten_trillion() {
        var parameters = Parameters.of(Presets.of("moe-10t"));
        assertThat((double) parameters.count()).isCloseTo(1e13, within(1e11));
        assertThat((double) parameters.active()).isLessThan(4e11);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-3.1-70b.json",
                "qwen2.5-14b.json",
                "llama-3.2-1b.json",
                "llama-3.2-3b.json",
                "granite-3.1-1b-a400m-moe.json"
            })
    void what_is_written_is_read(String file) throws IOException {
        var config = ConfigFile.read(resource(file));
        var copy = folder.resolve("config.json");
        Files.writeString(copy, ConfigFile.write(config));
        var again = ConfigFile.read(copy);
        assertThat(again.stored()).isEqualTo(Stored.F32);
        assertThat(again).usingRecursiveComparison().ignoringFields("stored").isEqualTo(config);
        assertThat(Parameters.of(again).all())
                .containsExactlyElementsOf(Parameters.of(config).all().toList());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[] | is not a JSON object",
                "{ | is not JSON",
                "{} | 'architectures' must name one",
                "{\"architectures\":[\"BertModel\"]} | 'BertModel' is not known here; known are",
                "{\"architectures\":[\"GPT2LMHeadModel\"]} | 'n_embd' is missing",
                "{\"architectures\":[\"LlamaForCausalLM\"],\"hidden_size\":\"8\"} | 'hidden_size'"
                        + " is \"8\", must be an integer",
                "{\"architectures\":[\"LlamaForCausalLM\"],\"hidden_act\":\"relu\"} | activation"
                        + " 'relu'",
            })
    void a_wrong_file_is_one_sentence(String json, String message) throws IOException {
        var file = Files.writeString(folder.resolve("config.json"), json);
        assertThatThrownBy(() -> ConfigFile.read(file))
                .isInstanceOf(InvalidModel.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void no_file_and_no_preset() {
        assertThatThrownBy(() -> ConfigFile.read(folder.resolve("none")))
                .hasMessageEndingWith("no such file");
        assertThatThrownBy(() -> Presets.of("gpt5")).hasMessageContaining("there are gpt2-124m");
    }

    /// Llama 3.2's stretched frequencies: fast pairs as they are, slow ones by the factor.
    @Test
    void stretched_positions() {
        var config = ConfigFile.read(resource("llama-3.2-1b.json"));
        float[] frequencies = config.rotary().orElseThrow().frequencies(config.headDim());
        assertThat(frequencies[0]).isEqualTo(1f);
        assertThat(frequencies[31])
                .isCloseTo((float) (Math.pow(500_000, -62.0 / 64) / 32), within(1e-12f));
    }
}
