package dev.ridgeline.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.model.Presets;
import dev.ridgeline.placement.Layout;
import dev.ridgeline.placement.Placement;
import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.SafetensorsWriter.Planned;
import dev.ridgeline.shard.StoredType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.HashMap;

/// Loads of what the ranks of a placement have.
class PlacedLoadTest {
    @TempDir Path folder;
    private final CpuDevice device = new CpuDevice("cpu", 1, 1L << 30);

    @AfterEach
    void close() {
        device.close();
    }

    /// Every rank of a placement reads its bytes alone, and together they are the tensors.
    @ParameterizedTest
    @CsvSource({
        "llama-tiny, 8, 2, 2, 3, BUFFERED", "llama-tiny, 4, 4, 1, 3, DIRECT",
        "gpt2-tiny, 6, 3, 1, 3, MAPPED", "gpt2-tiny, 3, 3, 1, 0, BUFFERED",
        "moe-tiny, 7, 1, 1, 3, DIRECT", "moe-tiny, 4, 2, 2, 1, BUFFERED"
    })
    void ranks_put_the_tensors_together(
            String model, int devices, int tensor, int stages, int zero, Access access) {
        var config = Presets.of(model);
        int size = config.stored().bytes();
        write(config);
        try (var checkpoint = Checkpoint.open(folder)) {
            var placement = Placement.of(config, new Layout(devices, tensor, stages, zero));
            var found = new HashMap<String, byte[]>();
            Parameters.of(config)
                    .all()
                    .forEach(p -> found.put(p.name(), new byte[(int) p.count() * size]));
            for (int rank = 0; rank < devices; rank++) {
                var plan = LoadPlan.of(checkpoint, placement, rank);
                long own = placement.pieces(rank).stream().mapToLong(p -> p.runs().total()).sum();
                try (var target = Target.on(device, plan)) {
                    var report = Samples.load(plan, target, access, true);
                    assertThat(report.bytes()).isEqualTo(own * size);
                    assertThat(plan.bytes()).isEqualTo(placement.kept(rank) * size);
                    for (var piece : placement.pieces(rank)) {
                        var runs = piece.runs();
                        byte[] bytes =
                                Samples.device(target, piece.at() * size, runs.total() * size);
                        int length = (int) runs.length() * size;
                        for (int i = 0; i < runs.count(); i++)
                            System.arraycopy(
                                    bytes,
                                    i * length,
                                    found.get(piece.tensor()),
                                    (int) (runs.from() + i * runs.stride()) * size,
                                    length);
                    }
                }
            }
            found.forEach(
                    (name, bytes) ->
                            assertThat(bytes)
                                    .as(name)
                                    .isEqualTo(
                                            Samples.bytes(
                                                    checkpoint,
                                                    checkpoint.find(name).orElseThrow().tensor())));
        }
    }

    private void write(Config config) {
        var type = StoredType.valueOf(config.stored().name());
        Samples.write(
                folder,
                Parameters.of(config)
                        .all()
                        .map(
                                p ->
                                        new Planned(
                                                p.name(),
                                                type,
                                                p.shape().dims().stream()
                                                        .map(Integer::longValue)
                                                        .toList()))
                        .toList(),
                100_000);
    }

    @Test
    void a_checkpoint_of_another_model() {
        write(Presets.of("llama-tiny"));
        try (var checkpoint = Checkpoint.open(folder)) {
            var gpt2 = Placement.of(Presets.of("gpt2-tiny"), new Layout(1, 1, 1, 3));
            assertThatThrownBy(() -> LoadPlan.of(checkpoint, gpt2, 0))
                    .isInstanceOf(InvalidCheckpoint.class)
                    .hasMessageContaining("has no tensor 'transformer.wte.weight'");
            var tied =
                    Placement.of(
                            Config.llama(
                                    300,
                                    64,
                                    2,
                                    64,
                                    4,
                                    2,
                                    96,
                                    Presets.of("llama-tiny").rotary().orElseThrow()),
                            new Layout(1, 1, 1, 3));
            assertThatThrownBy(() -> LoadPlan.of(checkpoint, tied, 0))
                    .hasMessageContaining(
                            "tensor 'model.embed_tokens.weight' is BF16 (256, 64), which is not");
        }
    }
}
