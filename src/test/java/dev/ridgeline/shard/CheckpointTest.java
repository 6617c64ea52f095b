package dev.ridgeline.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
                "{\"weight_map\":{\"a\":\"none\"}} | none: no such file, and the index has tensor"
                        + " 'a' in",
                "{\"weight_map\":{\"b\":\"one\"}} | tensor 'b' is not in its shard one",
                "{\"weight_map\":{\"a\":\"one\",\"a\":\"two\"}} | names tensor 'a' twice",
                "{\"weight_map\":{\"a\":\"one\"},\"weight_map\":{}} | has two 'weight_map'",
                "{\"weight_map\":[]} | 'weight_map' is not an object",
                "{\"weight_map\":{\"a\":\"sub\\\\one\"}} | no file of its folder",
                "{\"weight_map\":{\"a\":\"one\\u0000\"}} | is 'one\\u0000', which is no file",
                "{\"weight_map\":{\"a\":\"sub\"}} | sub: cannot be read: it is not a regular file",
                "{\"weight_map\":{}} 1 | the index goes on after its end",
                "{\"x\":[[[[[[[[[[[[1]]]]]]]]]]]]} | is not the JSON of the format",
                "[] | the index is not a JSON object",
                "{} | has no object 'weight_map'",
                "{ | the index is not the JSON of the format",
            })
    void a_wrong_index_is_one_sentence(String json, String message) throws IOException {
        shard("one", "a");
        Files.createDirectory(folder.resolve("sub"));
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

    @Test
    void a_shard_that_is_truncated_names_the_shard_and_the_tensor() throws IOException {
        shard("one", "a");
        var file = folder.resolve("one");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
        index("{\"weight_map\":{\"a\":\"one\"}}");
        assertThatThrownBy(() -> Checkpoint.open(folder))
                .isInstanceOf(InvalidCheckpoint.class)
                .hasMessageContaining(file + ": tensor 'a' claims bytes 0 to 1 of the file's 0");
    }

    @Test
    void an_index_that_is_not_utf_8() throws IOException {
        byte[] json = "{\"weight_map\":{\"?\":\"one\"}}".getBytes(StandardCharsets.UTF_8);
        json[16] = (byte) 0xff;
        Files.write(folder.resolve(ShardIndex.NAME), json);
        assertThatThrownBy(() -> Checkpoint.open(folder))
                .hasMessageContaining("the index is not UTF-8");
    }

    @Test
    void the_size_an_index_tells() throws IOException {
        index("{\"metadata\":{\"total_size\":7,\"x\":[1,{}]},\"weight_map\":{\"a\":\"one\"}}");
        var index = ShardIndex.read(folder.resolve(ShardIndex.NAME));
        assertThat(index.totalSize()).hasValue(7);
        assertThat(index.files()).containsExactly("one");
        index("{\"weight_map\":{},\"metadata\":{\"total_size\":7.0}}");
        assertThat(ShardIndex.read(folder.resolve(ShardIndex.NAME)).totalSize()).isEmpty();
    }

    /// What the writer splits is put together again.
    @ParameterizedTest
    @CsvSource({"1000, 1", "40, 2", "16, 4", "1, 4"})
    void shards_that_were_written(long most, int shards) throws IOException {
        var planned = new ArrayList<SafetensorsWriter.Planned>();
        for (var name : List.of("a", "b", "c", "d"))
            planned.add(new SafetensorsWriter.Planned(name, StoredType.I16, List.of(2L, 5L)));
        try (var writer = new CheckpointWriter(folder, planned, most, Map.of("format", "pt"))) {
            for (int i = 0; i < 4; i++) {
                byte[] bytes = new byte[20];
                Arrays.fill(bytes, (byte) i);
                var whole = MemorySegment.ofArray(bytes);
                writer.put(
                        planned.get(i).name(), List.of(whole.asSlice(0, 7), whole.asSlice(7, 13)));
            }
            writer.finish();
        }
        assertThat(Files.exists(folder.resolve(ShardIndex.NAME))).isEqualTo(shards > 1);
        try (var checkpoint = Checkpoint.open(folder);
                var arena = Arena.ofConfined()) {
            assertThat(checkpoint.files()).hasSize(shards);
            assertThat(checkpoint.bytes()).isEqualTo(80);
            assertThat(checkpoint.names()).containsExactly("a", "b", "c", "d");
            for (int i = 0; i < 4; i++) {
                var place = checkpoint.find(planned.get(i).name()).orElseThrow();
                var to = arena.allocate(20);
                place.file().read(place.tensor(), 0, to);
                assertThat(to.toArray(ValueLayout.JAVA_BYTE)).containsOnly((byte) i);
            }
        }
    }

    @Test
    void what_cannot_be_written() {
        assertThatThrownBy(
                        () -> new SafetensorsWriter.Planned("x", StoredType.F6_E2M3, List.of(3L)))
                .hasMessageContaining("tensor 'x', F6_E2M3 [3], is no whole number of bytes");
        var one = new SafetensorsWriter.Planned("x", StoredType.U8, List.of(1L));
        assertThatThrownBy(() -> new CheckpointWriter(folder, List.of(one, one), 9, Map.of()))
                .hasMessageContaining("two tensors of one name");
    }

    private void shard(String file, String tensor) {
        var planned = List.of(new SafetensorsWriter.Planned(tensor, StoredType.U8, List.of(1L)));
        try (var writer = new SafetensorsWriter(folder.resolve(file), planned, Map.of())) {
            writer.put(tensor, MemorySegment.ofArray(new byte[1]));
            writer.finish();
        }
    }

    private void index(String json) throws IOException {
        Files.writeString(folder.resolve(ShardIndex.NAME), json);
    }
}
