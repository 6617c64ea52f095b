package dev.ridgeline.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
import java.util.Arrays;
import java.util.Random;

class FileBytesTest {
    @TempDir Path folder;

    private static FileBytes open(Path file, Access access) {
        try {
            return FileBytes.open(file, access);
        } catch (InvalidCheckpoint e) {
            assumeTrue(access != Access.DIRECT, e.getMessage());
            throw e;
        }
    }

    @ParameterizedTest
    @EnumSource(Access.class)
    void any_bytes_of_a_file(Access access) throws IOException {
        byte[] all = new byte[100_003];
        var random = new Random(3);
        random.nextBytes(all);
        var file = Files.write(folder.resolve("f"), all);
        try (var bytes = open(file, access);
                var arena = Arena.ofConfined()) {
            for (int i = 0; i < 200; i++) {
                int from = random.nextInt(all.length);
                int count = random.nextInt(all.length - from + 1);
                if (i == 0) count = all.length - from;
                var staging = arena.allocate(bytes.room(count), bytes.alignment());
                assertThat(bytes.read(from, count, staging).toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(Arrays.copyOfRange(all, from, from + count));
            }
            var staging = arena.allocate(bytes.room(10), bytes.alignment());
            assertThatThrownBy(() -> bytes.read(all.length - 9, 10, staging))
                    .isInstanceOf(InvalidCheckpoint.class)
                    .hasMessageContaining(file + ": became shorter while it was read");
        }
    }

    @Test
    void not_a_file() {
        assertThatThrownBy(() -> FileBytes.open(folder, Access.BUFFERED))
                .hasMessageEndingWith("cannot be read: it is not a regular file");
        assertThatThrownBy(() -> FileBytes.open(folder.resolve("none"), Access.MAPPED))
                .hasMessageEndingWith("cannot be read by mmap: no such file");
    }

    /// A tensor of 5 GiB, whose last bytes are beyond what 32 bits can count. The file is sparse.
    @ParameterizedTest
    @EnumSource(Access.class)
    void a_tensor_of_more_than_2_gib(Access access) throws IOException {
        long size = 5L << 30;
        var json =
                "{\"a\":{\"dtype\":\"BF16\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
                        .formatted(size / 2, size)
                        .getBytes(StandardCharsets.UTF_8);
        byte[] end = {1, 2, 3, 4, 5, 6, 7, 8};
        var file = folder.resolve("large.safetensors");
        try (var raf = new RandomAccessFile(file.toFile(), "rw")) {
            raf.write(
                    ByteBuffer.allocate(8)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(json.length)
                            .array());
            raf.write(json);
            raf.seek(8 + json.length + size - end.length);
            raf.write(end);
        }
        try (var shard = SafetensorsFile.open(file);
                var bytes = open(file, access);
                var arena = Arena.ofConfined()) {
            var tensor = shard.tensor("a");
            assertThat(tensor.bytes()).isEqualTo(size);
            long last = tensor.offset() + size - end.length;
            var staging = arena.allocate(bytes.room(end.length), bytes.alignment());
            assertThat(bytes.read(last, end.length, staging).toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(end);
            MemorySegment mapped = shard.map(tensor, arena);
            assertThat(mapped.byteSize()).isEqualTo(size);
            assertThat(mapped.asSlice(size - end.length).toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(end);
            var read = arena.allocate(end.length);
            shard.read(tensor, size - end.length, read);
            assertThat(read.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(end);
        }
    }
}
