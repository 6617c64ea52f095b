package dev.ridgeline.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class LargePagesTest {
    private static final long PAGE = 2L << 20;
    private static final Path MAPPINGS = Path.of("/proc/self/smaps");

    @Test
    void little_memory_is_left_to_the_arena() {
        try (var arena = Arena.ofConfined()) {
            assertThat(LargePages.allocate(PAGE - 1, arena)).isEmpty();
        }
    }

    @Test
    void large_memory_starts_at_a_page_is_zero_and_ends_with_its_arena() {
        assumeTrue(Files.exists(MAPPINGS), "not Linux");
        MemorySegment memory;
        try (var arena = Arena.ofShared()) {
            memory = LargePages.allocate(3 * PAGE + 5, arena).orElseThrow();
            assertThat(memory.address() % PAGE).isZero();
            assertThat(memory.byteSize()).isEqualTo(3 * PAGE + 5);
            assertThat(memory.mismatch(arena.allocate(memory.byteSize()))).isEqualTo(-1);
            memory.set(JAVA_BYTE, 3 * PAGE + 4, (byte) 1);
        }
        var gone = memory;
        assertThatThrownBy(() -> gone.get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    /// The flag `hg` of a mapping, which `madvise` sets whether a large page is free or not.
    @Test
    void linux_knows_that_large_pages_are_wanted() throws IOException {
        assumeTrue(Files.exists(MAPPINGS), "not Linux");
        assumeTrue(
                Files.exists(Path.of("/sys/kernel/mm/transparent_hugepage")),
                "this system was built without large pages");
        try (var arena = Arena.ofShared()) {
            var memory = LargePages.allocate(4 * PAGE, arena).orElseThrow();
            assertThat(flags(memory.address())).contains("hg");
        }
    }

    private static List<String> flags(long address) throws IOException {
        boolean inside = false;
        for (var line : Files.readAllLines(MAPPINGS)) {
            var range = line.split("[- ]", 3);
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*"))
                inside =
                        Long.parseUnsignedLong(range[0], 16) <= address
                                && address < Long.parseUnsignedLong(range[1], 16);
            else if (inside && line.startsWith("VmFlags:")) return List.of(line.split(" +"));
        }
        throw new AssertionError("no mapping has that address");
    }
}
