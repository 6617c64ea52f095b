package dev.ridgeline.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class CheckpointTest {
    @TempDir Path folder;

    @Test
    void shards_of_an_index() throws IOException {
        shard("one", "a");
        shard("two", "b");
        index("{\"weight_map\":{\"a\":\"one\",\"b\":\"two\"}}");
        try (var checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.names()).containsExactlyInAnyOrder("a", "b");
            assertThat(checkpoint.find("b").orElseThrow().file().path()).hasFileName("two");
            assertThat(checkpoint.find("c")).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"weight_map\":{\"a\":\"../one\"}} | the shard of tensor 'a' is '../one'",
                "{\"weight_map\":{\"a\":\"/etc/passwd\"}} | the shard of tensor 'a' is '/etc",
                "{\"weight_map\":{\"a\":\"..\"}} | no file of its folder",
                "{\"weight_map\":{\"a\":\"\"}} | no file of its folder",
                "{\"weight_map\":{\"a\":3}} | the shard of tensor 'a' is not text",
                "{\"weight_map\":{\"a\":\"none\"}} | none: cannot be read: no such file",
                "{\"weight_map\":{\"b\":\"one\"}} | tensor 'b' is not in its shard one",
                "{\"weight_map\":{\"a\":\"one\",\"a\":\"two\"}} | is not JSON: Duplicate",
                "{} | has no object 'weight_map'",
                "{ | is not JSON",
            })
    void a_wrong_index_is_one_sentence(String json, String message) throws IOException {
        shard("one", "a");
        index(json);
        assertThatThrownBy(() -> Checkpoint.open(folder))
                .isInstanceOf(InvalidCheckpoint.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void the_same_tensor_in_two_shards() throws IOException {
        shard("one", "a");
        shard("two", "a");
        index("{\"weight_map\":{\"a\":\"one\",\"b\":\"two\"}}");
        assertThatThrownBy(() -> Checkpoint.open(folder))
                .hasMessageContaining("tensor 'a' is in another shard too");
    }

    @Test
    void an_empty_folder() {
        assertThatThrownBy(() -> Checkpoint.open(folder)).hasMessageContaining("has neither");
    }

    private void shard(String file, String tensor) {
        var planned = List.of(new SafetensorsWriter.Planned(tensor, StoredType.U8, List.of(1L)));
        try (var writer = new SafetensorsWriter(folder.resolve(file), planned, Map.of())) {
            writer.put(tensor, MemorySegment.ofArray(new byte[1]));
            writer.finish();
        }
    }

    private void index(String json) throws IOException {
        Files.writeString(folder.resolve(Checkpoint.INDEX), json);
    }
}
