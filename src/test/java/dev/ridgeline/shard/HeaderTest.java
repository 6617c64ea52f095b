package dev.ridgeline.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

class HeaderTest {
    @TempDir Path folder;

    private static final String A =
            "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    static Stream<Arguments> hostile() {
        return Stream.of(
                bad("{", 0, "is not the JSON of the format"),
                bad("[]", 0, "is not a JSON object"),
                bad("{}x", 0, "is not the JSON of the format"),
                bad("{} {}", 0, "goes on after its end"),
                bad("{" + A + "," + A + "}", 8, "two tensors 'a'"),
                bad("{" + A + "}", 7, "'a' claims bytes 0 to 8 of the file's 7"),
                bad("{" + A + "}", 9, "1 bytes after its last tensor"),
                bad(one("F33", "2", "0,8"), 8, "tensor 'a' has dtype 'F33'"),
                bad(one("F32", "3", "0,8"), 8, "tensor 'a', F32 (3), needs 96 bits"),
                bad(one("F32", "2", "8,0"), 8, "tensor 'a' claims bytes 8 to 0"),
                bad(one("F32", "2", "0,8,9"), 8, "tensor 'a' needs a dtype, a shape and two"),
                bad(one("F32", "-2", "0,8"), 8, "the shape of tensor 'a' has -2"),
                bad(one("F32", "2.0", "0,8"), 8, "the shape of tensor 'a' has something"),
                bad(one("F32", "99999999999999999999", "0,8"), 8, "the header is not|the shape of"),
                bad(
                        one("F32", "4294967296,4294967296,4294967296", "0,8"),
                        8,
                        "tensor 'a' of shape \\(4294967296.*is larger than any file"),
                bad(
                        one("F64", "1152921504606846976", "0,8"),
                        8,
                        "tensor 'a' of shape \\(1152921504606846976\\) is larger"),
                bad(one("F4", "3", "0,1"), 1, "tensor 'a', F4 (3), needs 12 bits"),
                bad(one("F32", "2", "4,12"), 12, "tensor 'a' begins after a gap"),
                bad(
                        "{"
                                + A
                                + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
                        12,
                        "tensor 'b' begins inside another"),
                bad("{\"a\":3}", 0, "tensor 'a' is not an object"),
                bad("{\"a\":{}}", 0, "tensor 'a' needs a dtype"),
                bad("{\"a\":{\"dtyp\":\"F32\"}}", 0, "has a field 'dtyp'"),
                bad("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ 'a' is not text"),
                bad("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "has two __metadata__"),
                bad("{\"a\":{\"shape\":[[[[[[1]]]]]]}}", 0, "shape of tensor 'a'"),
                bad("{\"\u00e4", 0, "is not the JSON"));
    }

    private static Arguments bad(String json, int data, String message) {
        return Arguments.of(json, data, message);
    }

    private static String one(String dtype, String shape, String offsets) {
        return "{\"a\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%s]}}"
                .formatted(dtype, shape, offsets);
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void a_hostile_header_is_one_sentence(String json, int data, String message)
            throws IOException {
        var file = write(json.getBytes(StandardCharsets.UTF_8), new byte[data]);
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .isInstanceOf(InvalidCheckpoint.class)
                .hasMessageContaining(file.toString())
                .message()
                .containsPattern(
                        message.contains("\\") || message.contains("|")
                                ? message
                                : java.util.regex.Pattern.quote(message))
                .doesNotContain("\n");
    }

    private Path write(byte[] json, byte[] data) throws IOException {
        var bytes = ByteBuffer.allocate(8 + json.length + data.length);
        bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).put(data);
        return Files.write(folder.resolve("t.safetensors"), bytes.array());
    }

    @Test
    void a_length_the_file_cannot_hold() throws IOException {
        for (long length : new long[] {-1, Long.MIN_VALUE, 100_000_001, 99_999_999, 1}) {
            var bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
            var file = Files.write(folder.resolve("t.safetensors"), bytes.array());
            assertThatThrownBy(() -> SafetensorsFile.open(file))
                    .isInstanceOf(InvalidCheckpoint.class)
                    .hasMessageContaining("its header claims");
        }
        var file = Files.write(folder.resolve("t.safetensors"), new byte[7]);
        assertThatThrownBy(() -> SafetensorsFile.open(file)).hasMessageContaining("too few");
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none")))
                .hasMessageEndingWith("no such file");
    }

    @Test
    void not_utf_8() throws IOException {
        var file = write(new byte[] {'{', '"', (byte) 0xff, '"', '}'}, new byte[0]);
        assertThatThrownBy(() -> SafetensorsFile.open(file)).hasMessageContaining("is not UTF-8");
    }

    @Test
    void a_file_that_shrinks_while_it_is_read() throws IOException {
        var file = write(("{" + A + "}").getBytes(StandardCharsets.UTF_8), new byte[8]);
        try (var open = SafetensorsFile.open(file);
                var arena = Arena.ofConfined();
                var raf = new RandomAccessFile(file.toFile(), "rw")) {
            raf.setLength(raf.length() - 4);
            assertThatThrownBy(() -> open.read(open.tensor("a"), 0, arena.allocate(8)))
                    .isInstanceOf(InvalidCheckpoint.class)
                    .hasMessageContaining("shorter");
            raf.setLength(raf.length() + 100);
            assertThatThrownBy(() -> open.read(open.tensor("a"), 0, arena.allocate(8)))
                    .hasMessageContaining("changed its length while tensor 'a'");
        }
    }

    /// Random damage to a good file is refused in one sentence or read; nothing else.
    @Test
    void damaged_headers() throws IOException {
        byte[] good =
                ("{\"__metadata__\":{\"format\":\"pt\"}," + A + "}")
                        .getBytes(StandardCharsets.UTF_8);
        var random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            byte[] json = good.clone();
            for (int n = random.nextInt(4); n >= 0; n--)
                json[random.nextInt(json.length)] = (byte) random.nextInt(256);
            try {
                Header.parse("x", ByteBuffer.wrap(json), 8L + json.length + 8);
            } catch (InvalidCheckpoint e) {
                assertThat(e.getMessage()).startsWith("x: ");
            }
        }
    }

    @Test
    void what_was_written_is_read() {
        var file = folder.resolve("w.safetensors");
        var planned =
                List.of(
                        new SafetensorsWriter.Planned("b", StoredType.F32, List.of(2L, 3L)),
                        new SafetensorsWriter.Planned("a", StoredType.BF16, List.of()),
                        new SafetensorsWriter.Planned("empty", StoredType.F32, List.of(0L, 7L)));
        byte[] b = new byte[24];
        new Random(1).nextBytes(b);
        try (var writer = new SafetensorsWriter(file, planned, Map.of("format", "pt"))) {
            writer.put("b", MemorySegment.ofArray(b));
            writer.put("a", MemorySegment.ofArray(new byte[] {(byte) 0x80, 0x3f}));
            writer.put("empty", MemorySegment.ofArray(new byte[0]));
            writer.finish();
        }
        try (var open = SafetensorsFile.open(file);
                var arena = Arena.ofConfined()) {
            assertThat(open.header().metadata()).containsEntry("format", "pt");
            var to = arena.allocate(24);
            open.read(open.tensor("b"), 0, to);
            assertThat(to.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).isEqualTo(b);
            assertThat(
                            open.map(open.tensor("b"), arena)
                                    .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
                    .isEqualTo(b);
            assertThat(open.tensor("a").count()).isEqualTo(1);
            assertThat(open.tensor("empty").bytes()).isZero();
            var wide = arena.allocate(4);
            Widening.read(new Checkpoint.Place(open, open.tensor("a")), wide);
            assertThat(wide.get(java.lang.foreign.ValueLayout.JAVA_FLOAT, 0)).isEqualTo(1f);
        }
    }
}
