package dev.ridgeline.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.load.Loader.Options;
import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.Checkpoint;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// What a load takes of the host.
class HostMemoryTest {
    @TempDir Path folder;
    private final CpuDevice device = new CpuDevice("cpu", 1, 1L << 30);

    @AfterEach
    void close() {
        device.close();
    }

    /// Host memory is the ring and a little more, however much is loaded. The file is sparse.
    @ParameterizedTest
    @CsvSource({"BUFFERED, true", "BUFFERED, false", "DIRECT, false", "MAPPED, false"})
    void host_memory_does_not_grow_with_the_checkpoint(Access access, boolean inPlace)
            throws IOException {
        long size = 400L << 20;
        sparse(folder.resolve(Checkpoint.SINGLE), size);
        try (var checkpoint = Checkpoint.open(folder)) {
            var plan = LoadPlan.whole(checkpoint, Optional.empty());
            try (var target = Target.on(device, plan)) {
                // the device's memory is the host's here: it is touched before, and not counted
                target.host().orElseThrow().fill((byte) 1);
                var loader = new Loader(new Options(access, 2, 1 << 20, 2, inPlace));
                Samples.load(plan, target, access, inPlace);
                try (var memory = new HostMemory()) {
                    loader.load(plan, target);
                    assumeTrue(memory.growth().isPresent(), "this system does not tell");
                    assertThat(memory.growth().getAsLong())
                            .isLessThan(loader.ringBytes(plan) + (64L << 20));
                }
            }
        }
    }

    private static void sparse(Path file, long size) throws IOException {
        var json =
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
                        .formatted(size, size)
                        .getBytes(StandardCharsets.UTF_8);
        try (var raf = new RandomAccessFile(file.toFile(), "rw")) {
            raf.write(
                    ByteBuffer.allocate(8)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(json.length)
                            .array());
            raf.write(json);
            raf.setLength(8 + json.length + size);
        }
    }

    @Test
    void what_is_loaded_is_counted() {
        // a test of the test above: memory that is kept is seen
        try (var memory = new HostMemory();
                var arena = Arena.ofConfined()) {
            arena.allocate(80L << 20, 64).fill((byte) 1);
            assumeTrue(memory.growth().isPresent(), "this system does not tell");
            waitFor(memory);
            assertThat(memory.growth().getAsLong()).isGreaterThan(64L << 20);
        }
    }

    private static void waitFor(HostMemory memory) {
        for (int i = 0; i < 500 && memory.growth().orElse(0) < 80L << 20; i++)
            LockSupport.parkNanos(10_000_000);
    }
}
