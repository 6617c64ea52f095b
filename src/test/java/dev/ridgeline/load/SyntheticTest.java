package dev.ridgeline.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ridgeline.model.Presets;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

class SyntheticTest {
    @TempDir Path folder;

    @Test
    void a_checkpoint_to_measure_with() {
        var to = folder.resolve("made");
        Synthetic.write(to, Presets.of("llama-tiny"), 100_000, 60_000);
        try (var checkpoint = Checkpoint.open(to)) {
            assertThat(checkpoint.bytes()).isBetween(100_000L, 200_000L);
            assertThat(checkpoint.files()).hasSizeGreaterThan(1);
            var first = checkpoint.find("model.embed_tokens.weight").orElseThrow().tensor();
            var bytes = MemorySegment.ofArray(Samples.bytes(checkpoint, first));
            for (long i = 0; i < first.count(); i++) {
                float value = DType.fromBf16(bytes.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
                if (!Float.isFinite(value)) throw new AssertionError(i + ": " + value);
            }
        }
        assertThatThrownBy(() -> Synthetic.write(to, Presets.of("llama-tiny"), 1, 1))
                .isInstanceOf(InvalidCheckpoint.class)
                .hasMessageContaining("has files already");
        assertThatThrownBy(
                        () ->
                                Synthetic.write(
                                        folder.resolve("other"),
                                        Presets.of("llama-tiny"),
                                        1 << 30,
                                        1))
                .hasMessageContaining("name a larger one with --model");
    }
}
