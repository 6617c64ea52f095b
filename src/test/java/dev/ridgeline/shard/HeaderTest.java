package dev.ridgeline.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;

class HeaderTest {
    @TempDir Path folder;

    private static final String A =
            "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    static Stream<Arguments> hostile() {
        return Stream.of(
                bad("{", 0, "is not the JSON of the format"),
                bad("[]", 0, "its header does not begin with '{'"),
                bad(" {}", 0, "its header does not begin with '{'"),
                bad("\ufeff{}", 0, "its header does not begin with"),
                bad("", 0, "its header does not begin with"),
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
                bad(one("F32\",\"dtype\":\"F32", "2", "0,8"), 8, "tensor 'a' has two dtype"),
                bad(one("F32", "2],\"shape\":[2", "0,8"), 8, "tensor 'a' has two shape"),
                bad(one("F32", "2", "0,8],\"data_offsets\":[0,8"), 8, "has two data_offsets"),
                bad(one("F32", "2", "0,9223372036854775808"), 8, "the data_offsets of tensor 'a'"),
                bad(one("F32", "2", "9223372036854775807,0"), 8, "tensor 'a' claims bytes"),
                bad(one("F32", "2", "0,8e0"), 8, "the data_offsets of tensor 'a' has something"),
                bad(one("F32", "2", "1,9"), 9, "tensor 'a' begins after a gap"),
                bad(one("f32", "2", "0,8"), 8, "tensor 'a' has dtype 'f32'"),
                bad(one("F32", "01", "0,4"), 4, "not the JSON of the format at tensor 'a'"),
                bad(
                        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,",
                        0,
                        "not the JSON of the format at tensor 'a'"),
                bad("{\"a\\nb\":3}", 0, "tensor 'a\\u000ab' is not an object"),
                bad("{\"a\\u202eb\":3}", 0, "tensor 'a\\u202eb' is not an object"),
                bad("{\"" + "n".repeat(300) + "\":3}", 0, "'" + "n".repeat(200) + "...' is not"),
                bad("{\"__metadata__\":3}", 0, "its __metadata__ is not an object"),
                bad("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "has 'a' twice"),
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
                        message.contains("\\(") || message.contains("|")
                                ? message
                                : Pattern.quote(message))
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
        // no such byte; a '/' in two bytes; half of a surrogate pair
        for (int[] wrong : new int[][] {{0xff}, {0xc0, 0xaf}, {0xed, 0xa0, 0x80}}) {
            var json = new ByteArrayOutputStream();
            json.writeBytes(("{" + A + ",\"").getBytes(StandardCharsets.UTF_8));
            for (int b : wrong) json.write(b);
            json.writeBytes("\":{}}".getBytes(StandardCharsets.UTF_8));
            var file = write(json.toByteArray(), new byte[8]);
            assertThatThrownBy(() -> SafetensorsFile.open(file))
                    .isInstanceOf(InvalidCheckpoint.class)
                    .hasMessageContaining("its header is not UTF-8");
        }
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
                    .hasMessageContaining("became shorter while tensor 'a' was read");
            raf.setLength(raf.length() + 100);
            assertThatThrownBy(() -> open.read(open.tensor("a"), 0, arena.allocate(8)))
                    .hasMessageContaining("was changed while tensor 'a' was read");
        }
    }

    @Test
    void a_file_that_is_written_to_replaced_or_removed_while_it_is_read() throws IOException {
        var file = write(("{" + A + "}").getBytes(StandardCharsets.UTF_8), new byte[8]);
        try (var open = SafetensorsFile.open(file);
                var arena = Arena.ofConfined()) {
            var to = arena.allocate(8);
            open.read(open.tensor("a"), 0, to);
            Files.setLastModifiedTime(file, FileTime.fromMillis(1));
            assertThatThrownBy(() -> open.read(open.tensor("a"), 0, to))
                    .hasMessageContaining("was changed while tensor 'a' was read");
        }
        try (var open = SafetensorsFile.open(file);
                var arena = Arena.ofConfined()) {
            var to = arena.allocate(8);
            var other = Files.copy(file, folder.resolve("other"));
            Files.setLastModifiedTime(other, FileTime.fromMillis(1));
            Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
            assertThatThrownBy(() -> open.read(open.tensor("a"), 0, to))
                    .hasMessageContaining("was changed while tensor 'a' was read");
            Files.delete(file);
            assertThatThrownBy(() -> open.read(open.tensor("a"), 0, to))
                    .hasMessageContaining("was removed while tensor 'a' was read");
        }
    }

    @ParameterizedTest
    @EnumSource(StoredType.class)
    void every_dtype_of_the_format(StoredType type) throws IOException {
        // eight elements are a whole number of bytes of any
        int bytes = type.bits();
        var json = one(type.name(), "2,4", "0," + bytes).getBytes(StandardCharsets.UTF_8);
        byte[] data = new byte[bytes];
        new Random(2).nextBytes(data);
        try (var open = SafetensorsFile.open(write(json, data));
                var arena = Arena.ofConfined()) {
            assertThat(open.tensor("a").type()).isEqualTo(type);
            assertThat(open.tensor("a").count()).isEqualTo(8);
            var to = arena.allocate(bytes);
            open.read(open.tensor("a"), 0, to);
            assertThat(to.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(data);
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
            assertThat(to.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(b);
            assertThat(open.map(open.tensor("b"), arena).toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(b);
            assertThat(open.tensor("a").count()).isEqualTo(1);
            assertThat(open.tensor("empty").bytes()).isZero();
            var wide = arena.allocate(4);
            Widening.read(new Checkpoint.Place(open, open.tensor("a")), wide);
            assertThat(wide.get(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(1f);
        }
    }
}
