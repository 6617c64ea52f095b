package dev.ridgeline.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;

class OffloadTest {
    @TempDir Path folder;

    @Test
    void memory_of_a_folder_is_zeroed_and_has_its_place_on_the_disk() throws IOException {
        long bytes = (9 << 20) + 5;
        try (var arena = Arena.ofShared()) {
            var memory = new Offload.Folder(folder).memory(bytes, arena);
            assertThat(memory.isMapped()).isTrue();
            assertThat(memory.mismatch(arena.allocate(bytes))).isEqualTo(-1);
            memory.set(JAVA_BYTE, bytes - 1, (byte) 7);
            assertThat(memory.get(JAVA_BYTE, bytes - 1)).isEqualTo((byte) 7);
            try (var named = Files.list(folder)) {
                assertThat(named).isEmpty();
            }
        }
    }

    @Test
    void a_disk_that_is_too_small() throws IOException {
        long bytes = Files.getFileStore(folder).getUsableSpace() + (1L << 40);
        assertFails(
                folder, bytes, folder + ": %,d bytes do not fit, the disk has".formatted(bytes));
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void what_is_no_folder() throws IOException {
        var none = folder.resolve("none");
        assertFails(none, 1, none + ": there is no such folder");
        var file = Files.createFile(folder.resolve("file"));
        assertFails(file, 1, file + ": there is no such folder");
    }

    /// Not even root makes files there.
    @Test
    void a_folder_that_takes_no_files() {
        var system = Path.of("/proc/self");
        assumeTrue(Files.isDirectory(system));
        assertFails(system, 1, "/proc/self: takes no file of 1 bytes");
    }

    private static void assertFails(Path path, long bytes, String sentence) {
        try (var arena = Arena.ofShared()) {
            assertThatThrownBy(() -> new Offload.Folder(path).memory(bytes, arena))
                    .isInstanceOf(OffloadFailure.class)
                    .hasMessageStartingWith(sentence)
                    .message()
                    .doesNotContain("\n");
        }
    }
}
