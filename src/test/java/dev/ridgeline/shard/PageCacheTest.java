package dev.ridgeline.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

class PageCacheTest {
    @TempDir Path folder;

    @Test
    void a_file_is_forgotten_and_read_again() throws IOException {
        int bytes = (4 << 20) + 5;
        var file = folder.resolve("f");
        try (var channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(bytes));
            channel.force(true);
        }
        assertThat(PageCache.resident(file)).isEqualTo(bytes);
        PageCache.drop(file);
        assumeTrue(
                PageCache.resident(file) < bytes,
                "this file system keeps what it has: " + Files.getFileStore(file).type());
        assertThat(PageCache.resident(file)).isZero();
        Files.readAllBytes(file);
        assertThat(PageCache.resident(file)).isEqualTo(bytes);
    }

    @Test
    void an_empty_file_and_none() throws IOException {
        assertThat(PageCache.resident(Files.createFile(folder.resolve("empty")))).isZero();
        assertThatThrownBy(() -> PageCache.drop(folder.resolve("none")))
                .isInstanceOf(InvalidCheckpoint.class)
                .hasMessageContaining("cannot be opened");
    }
}
