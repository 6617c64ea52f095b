package dev.ridgeline.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.model.ConfigFile;
import dev.ridgeline.model.InvalidModel;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.model.Presets;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.ShardIndex;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Figures of plans against arithmetic done by hand.
class PlanFiguresTest {
    private static final long GIB = 1L << 30;

    @TempDir Path folder;

    private static Placement placement(String model, int devices, int tensor, int zero) {
        return Placement.of(Presets.of(model), new Layout(devices, tensor, 1, zero));
    }

    /// 8,030,261,248 parameters: 2, 2 and 12 bytes of each.
    @Test
    void state_of_one_device() {
        assertThat(Demand.training(placement("llama-8b", 1, 1, 3), 0))
                .isEqualTo(new Demand(16_060_522_496L, 16_060_522_496L, 96_363_134_976L, 0));
        assertThat(Demand.inference(placement("llama-8b", 1, 1, 3), 0).total())
                .isEqualTo(16_060_522_496L);
    }

    /// Of 64 devices (arXiv 1910.02054, figure 1): 4 Ψ + 12 Ψ/N, 2 Ψ + 14 Ψ/N and 16 Ψ/N; every
    /// group of Llama 8B divides by 64.
    @Test
    void state_by_stage_of_zero() {
        long psi = 8_030_261_248L;
        assertThat(Demand.training(placement("llama-8b", 64, 1, 0), 0).total()).isEqualTo(16 * psi);
        assertThat(Demand.training(placement("llama-8b", 64, 1, 1), 0).total())
                .isEqualTo(4 * psi + 12 * psi / 64);
        assertThat(Demand.training(placement("llama-8b", 64, 1, 2), 0).total())
                .isEqualTo(2 * psi + 14 * psi / 64);
        var three = Demand.training(placement("llama-8b", 64, 1, 3), 0);
        assertThat(three.total() - three.gathered()).isEqualTo(16 * psi / 64);
        // the largest group is the head, (128256, 4096) and its norm
        assertThat(three.gathered()).isEqualTo(6L * (128_256 * 4096 + 4096));
    }

    /// 16 bytes of 8,030,261,248 are 119.7 GiB: two of 80 GiB, with the 2.9 GiB of the largest
    /// group gathered, one of 141 GiB.
    @Test
    void devices_for_8b() {
        var one = placement("llama-8b", 1, 1, 3);
        assertThat(Need.devices(one, 80 * GIB, true)).hasValue(2);
        assertThat(Need.devices(one, 141 * GIB, true)).hasValue(1);
        assertThat(Need.devices(one, 80 * GIB, false)).hasValue(1);
        // a quarter of the gathered head fits, and nothing else
        assertThat(Need.devices(one, GIB, true)).isEmpty();
        assertThat(Need.devices(placement("llama-8b", 1, 1, 0), 80 * GIB, true)).isEmpty();
    }

    /// The state of a tensor rank of eight is (10,044,696,244,224 + 7 · 380,448,768) / 8 parameters
    /// of 16 bytes, 380,448,768 being the norms and routers that all eight have; of the capacity
    /// 62,776,295,424 bytes hold a gathered layer. State over what is left, in eights: 80 GiB 6953
    /// -> 6960, 141 GiB 1815 -> 1816, 192 GiB 1122 -> 1128, 288 GiB 653 -> 656.
    @ParameterizedTest
    @CsvSource({"80, 6960", "141, 1816", "192, 1128", "288, 656"})
    void devices_for_ten_trillion(long gib, int devices) {
        var placement = placement("moe-10t", 8, 8, 3);
        assertThat(placement.used(0)).isEqualTo((10_044_696_244_224L + 7 * 380_448_768L) / 8);
        assertThat(6 * placement.largestGroup(0)).isEqualTo(62_776_295_424L);
        double state = 16.0 * 8 * placement.used(0) / (gib * GIB - 62_776_295_424L);
        assertThat(devices).isEqualTo((int) Math.ceil(state / 8) * 8);
        assertThat(Need.devices(placement, gib * GIB, true)).hasValue(devices);
    }

    /// 128,484,179,968 bytes of state, 100 GB of room: the rest of the optimizer's state waits.
    @Test
    void what_is_streamed() {
        var one = placement("llama-8b", 1, 1, 3);
        assertThat(Streaming.of(one, 0, 200_000_000_000L)).isEqualTo(Streaming.NONE);
        assertThat(Streaming.of(one, 0, 100_000_000_000L))
                .isEqualTo(new Streaming(28_484_179_968L, 0, 0, 28_484_179_968L, 28_484_179_968L));
        // 20 GB: all 96.4 of the optimizer; 12.1 of the gradients' 16.1
        assertThat(Streaming.of(one, 0, 20_000_000_000L).gradients())
                .isEqualTo(128_484_179_968L - 96_363_134_976L - 20_000_000_000L);
        // 10 GB: weights too, which need 3 · 2 · 525,340,672 bytes to be used in, and come twice
        long weights = 16_060_522_496L - 10_000_000_000L + 6L * 525_340_672;
        var least = Streaming.of(one, 0, 10_000_000_000L);
        assertThat(least.weights()).isEqualTo(weights);
        assertThat(least.in()).isEqualTo(96_363_134_976L + 16_060_522_496L + 2 * weights);
        assertThat(least.out()).isEqualTo(96_363_134_976L + 16_060_522_496L + weights);
        assertThatThrownBy(() -> Streaming.of(one, 0, 3_000_000_000L))
                .isInstanceOf(InvalidModel.class)
                .hasMessageContaining("needs at least 3,152,044,032 bytes");
    }

    /// On one H100: (6 · 8,030,261,248 + 6 · 32 · 4096 · 4096) · 4096 flops at 989 Tflop/s; 34
    /// bytes of each parameter at 3.35 TB/s; what does not fit at 63.0 GB/s.
    @Test
    void floor_of_one_device() {
        var part = Part.of("h100");
        var floor = StepFloor.of(placement("llama-8b", 1, 1, 3), part, 1, 4096, 100_000_000_000L);
        assertThat(floor.terms()).hasSize(3);
        var compute = floor.terms().getFirst();
        assertThat(compute.work()).isEqualTo(51_402_792_960.0 * 4096);
        assertThat(compute.seconds()).isCloseTo(0.212887, within(1e-6));
        var memory = floor.terms().get(1);
        assertThat(memory.work()).isEqualTo(34.0 * 8_030_261_248L);
        assertThat(memory.seconds()).isCloseTo(0.081501, within(1e-6));
        var host = floor.terms().get(2);
        assertThat(host.work()).isEqualTo(28_484_179_968.0);
        assertThat(floor.binding()).hasValue(host);
    }

    /// Two copies of eight ranks: 3 · 1/2 · 2 bytes of each parameter of a rank, and 4 sums of each
    /// of 80 layers, 2 · 7/8 of 4096 tokens of 8192 bf16.
    @Test
    void links_of_70b() {
        var placement = placement("llama-70b", 16, 8, 3);
        double sums = 4 * 80 * 2 * 0.875 * 4096 * 8192 * 2;
        assertThat(StepFloor.peers(placement, 0, 8192))
                .isCloseTo(3.0 * placement.used(0) + sums, within(1.0));
    }

    @Test
    void parts() {
        assertThat(Part.usual())
                .extracting(p -> p.capacity() / GIB)
                .containsExactly(80L, 141L, 180L, 192L, 288L);
        assertThat(Part.of("b200").sku().id()).isEqualTo("b200-sxm");
        assertThat(Part.of("h100").peerLink()).hasValue(450e9);
        assertThatThrownBy(() -> Part.of("h1"))
                .isInstanceOf(InvalidModel.class)
                .hasMessageContaining("there is no part 'h1'; there are v100");
    }

    private static Path real(String name) {
        var folder = System.getProperty("ridgeline.configs", "../shared/data/configs");
        var file = Path.of(folder, name);
        assumeTrue(Files.exists(file), file + " is not here");
        return file;
    }

    /// Names and bytes of the published indexes, to the last; and the shares of any number of
    /// devices add up to them.
    @ParameterizedTest
    @CsvSource({
        "llama-3.1-70b, 282215219200, 723, 162",
        "qwen2.5-14b, 29531895808, 579, 8",
    })
    void published_indexes(String name, long bytes, int tensors, int files) {
        var index = ShardIndex.read(real(name + ".index.json"));
        var config = ConfigFile.read(real(name + ".json"));
        var parameters = Parameters.of(config);
        var match = IndexMatch.of(parameters, config.stored().bytes(), index);
        assertThat(index.totalSize()).hasValue(bytes);
        assertThat(match.fileBytes().values().stream().mapToLong(b -> b).sum()).isEqualTo(bytes);
        assertThat(index.shards()).hasSize(tensors);
        assertThat(match.fileBytes()).hasSizeLessThanOrEqualTo(files);
        for (int devices : List.of(1, 7, 64)) {
            var placement = Placement.of(config, new Layout(devices, 1, 1, 3));
            long all = 0;
            for (int rank = 0; rank < devices; rank++)
                all += placement.pieces(rank).stream().mapToLong(p -> p.runs().total()).sum();
            assertThat(all * config.stored().bytes()).isEqualTo(bytes);
        }
    }

    @Test
    void an_index_of_another_model() throws IOException {
        var file = folder.resolve("index.json");
        Files.writeString(file, "{\"weight_map\":{\"a\":\"one\"}}");
        var parameters = Parameters.of(Presets.of("llama-tiny"));
        assertThatThrownBy(() -> IndexMatch.of(parameters, 2, ShardIndex.read(file)))
                .isInstanceOf(InvalidCheckpoint.class)
                .hasMessageContaining("has not 'lm_head.weight', 'model.embed_tokens.weight'")
                .hasMessageContaining("and 18 more, which the model has");
    }

    @Test
    void an_index_of_another_size() throws IOException {
        var file = folder.resolve("index.json");
        var names = new StringBuilder();
        var parameters = Parameters.of(Presets.of("llama-tiny"));
        parameters.all().forEach(p -> names.append(",\"%s\":\"one\"".formatted(p.name())));
        var map = "\"weight_map\":{%s}".formatted(names.substring(1));
        Files.writeString(file, "{\"metadata\":{\"total_size\":8},%s}".formatted(map));
        assertThatThrownBy(() -> IndexMatch.of(parameters, 2, ShardIndex.read(file)))
                .hasMessageContaining("says that its tensors have 8 bytes, by the model they have");
        Files.writeString(file, "{%s}".formatted(map.replace("}", ",\"x\":\"one\"}")));
        assertThatThrownBy(() -> IndexMatch.of(parameters, 2, ShardIndex.read(file)))
                .hasMessageContaining("has 'x', which the model has not");
    }
}
