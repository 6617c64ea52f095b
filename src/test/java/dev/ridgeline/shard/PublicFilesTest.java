package dev.ridgeline.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/// Files that other writers made. `ridgeline.checkpoints` names the folder that has them; they are
/// not part of the sources.
class PublicFilesTest {
    private static Path file(String name) {
        var folder = System.getProperty("ridgeline.checkpoints", "../shared/data/checkpoints");
        var file = Path.of(folder, name);
        assumeTrue(Files.exists(file), file + " is not here");
        return file;
    }

    /// A digit classifier's weights, as tinygrad wrote them.
    @Test
    void tinygrad() {
        try (var shard = SafetensorsFile.open(file("mnist-tinygrad.safetensors"))) {
            assertThat(shard.header().tensors()).isNotEmpty();
            shard.header().tensors().values().forEach(t -> assertFinite(shard, t));
        }
    }

    private static void assertFinite(SafetensorsFile shard, StoredTensor tensor) {
        if (tensor.type() != StoredType.F32) return;
        try (var arena = Arena.ofConfined()) {
            var read = arena.allocate(tensor.bytes(), 4);
            shard.read(tensor, 0, read);
            for (long i = 0; i < tensor.count(); i++)
                assertThat(read.getAtIndex(ValueLayout.JAVA_FLOAT, i)).isFinite();
            assertThat(
                            MemorySegment.mismatch(
                                    read,
                                    0,
                                    read.byteSize(),
                                    shard.map(tensor, arena),
                                    0,
                                    tensor.bytes()))
                    .isEqualTo(-1);
        }
    }

    /// Norms of Llama 3.2 3B, a file each, as the hub's own writer made them.
    @Test
    void norms_of_llama() throws IOException {
        try (var files = Files.list(file("llama-3.2-3b-norms"))) {
            for (var path : files.toList())
                try (var shard = SafetensorsFile.open(path)) {
                    for (var tensor : shard.header().tensors().values()) {
                        assertThat(tensor.name()).contains("layernorm.weight");
                        assertThat(tensor.shape()).containsExactly(3072L);
                        assertThat(path.getFileName().toString()).contains(tensor.name());
                        assertFinite(shard, tensor);
                    }
                }
        }
    }
}
