package dev.ridgeline.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.SafetensorsWriter;
import dev.ridgeline.shard.SafetensorsWriter.Planned;
import dev.ridgeline.shard.StoredType;
import dev.ridgeline.shard.Widening;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class CheckpointWeightsTest {
    private final CpuDevice device = new CpuDevice("cpu", 1, 1L << 30);
    @TempDir Path folder;

    @AfterEach
    void close() {
        device.close();
    }

    private TrainingStep step(String model, long seed) {
        var step = new TrainingStep(device, Presets.of(model), StepOptions.of(1, 16));
        step.initialize(seed);
        return step;
    }

    private static double loss(TrainingStep step) {
        int[] tokens = new int[16];
        for (int i = 0; i < tokens.length; i++) tokens[i] = i * 7;
        return step.loss(tokens, tokens);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny", "llama-tiny", "moe-tiny"})
    void what_was_saved_is_loaded(String model) {
        var file = folder.resolve("model.safetensors");
        try (var one = step(model, 1);
                var two = step(model, 2)) {
            assertThat(loss(two)).isNotEqualTo(loss(one));
            CheckpointWeights.save(one, file);
            try (var checkpoint = Checkpoint.open(file)) {
                assertThat(checkpoint.names())
                        .containsExactlyElementsOf(
                                Parameters.of(Presets.of(model))
                                        .all()
                                        .map(Parameter::name)
                                        .toList());
                CheckpointWeights.load(two, checkpoint, file);
            }
            assertThat(loss(two)).isEqualTo(loss(one));
        }
    }

    /// GPT-2's own file has neither the outer name nor f32 everywhere, and has masks that are no
    /// weights.
    @ParameterizedTest
    @ValueSource(strings = {"BF16", "F16"})
    void the_names_of_gpt2s_own_file(String type) {
        var stored = StoredType.valueOf(type);
        var file = folder.resolve("gpt2.safetensors");
        try (var one = step("gpt2-tiny", 1);
                var two = step("gpt2-tiny", 2)) {
            var rounded = new ArrayList<Map.Entry<Planned, MemorySegment>>();
            one.transfer()
                    .write(
                            Memory.Kind.WEIGHTS,
                            (_, number, parameter, memory) -> {
                                var half = Arena.ofAuto().allocate(memory.byteSize() / 2, 2);
                                for (long i = 0; i < parameter.count(); i++) {
                                    float value = (float) Math.sin(number + 1.7 * i) / 8;
                                    short bits =
                                            stored == StoredType.BF16
                                                    ? DType.toBf16(value)
                                                    : Float.floatToFloat16(value);
                                    half.setAtIndex(JAVA_SHORT, i, bits);
                                    memory.setAtIndex(
                                            JAVA_FLOAT,
                                            i,
                                            stored == StoredType.BF16
                                                    ? DType.fromBf16(bits)
                                                    : Float.float16ToFloat(bits));
                                }
                                var name = parameter.name().substring("transformer.".length());
                                rounded.add(Map.entry(planned(name, stored, parameter), half));
                            });
            var planned = new ArrayList<>(rounded.stream().map(Map.Entry::getKey).toList());
            planned.add(new Planned("h.0.attn.bias", StoredType.U8, List.of(1L, 1L, 4L, 4L)));
            try (var writer = new SafetensorsWriter(file, planned, Map.of())) {
                rounded.forEach(e -> writer.put(e.getKey().name(), e.getValue()));
                writer.put("h.0.attn.bias", MemorySegment.ofArray(new byte[16]));
                writer.finish();
            }
            try (var checkpoint = Checkpoint.open(file)) {
                CheckpointWeights.load(two, checkpoint, file);
            }
            assertThat(loss(two)).isEqualTo(loss(one));
        }
    }

    private static Planned planned(String name, StoredType type, Parameter parameter) {
        var shape = parameter.shape().dims().stream().map(Integer::longValue).toList();
        return new Planned(name, type, shape);
    }

    @Test
    void a_tensor_that_is_missing_or_has_another_shape() {
        var file = folder.resolve("a.safetensors");
        var name = "model.embed_tokens.weight";
        try (var step = step("llama-tiny", 1)) {
            double before = loss(step);
            for (var shape : List.of(List.of(64L, 256L), List.of(256L, 64L))) {
                var planned = List.of(new Planned(name, StoredType.U8, shape));
                try (var writer = new SafetensorsWriter(file, planned, Map.of())) {
                    writer.put(name, MemorySegment.ofArray(new byte[256 * 64]));
                    writer.finish();
                }
                try (var checkpoint = Checkpoint.open(file)) {
                    assertThatThrownBy(() -> CheckpointWeights.load(step, checkpoint, file))
                            .isInstanceOf(InvalidCheckpoint.class)
                            .hasMessageContaining(
                                    shape.getFirst() == 64
                                            ? "'"
                                                    + name
                                                    + "' is (64, 256), this model's is (256, 64)"
                                            : "has no tensor 'model.layers.0.");
                }
            }
            assertThat(loss(step)).isEqualTo(before);
        }
    }

    /// A file that another writer made: the first norm of Llama 3.2 3B.
    @Test
    void a_real_file() throws Exception {
        var file = Path.of(Checkpoint.class.getResource("llama-3.2-3b-norm.safetensors").toURI());
        try (var checkpoint = Checkpoint.open(file);
                var arena = Arena.ofConfined()) {
            var place = checkpoint.find("model.layers.0.input_layernorm.weight").orElseThrow();
            assertThat(place.tensor().type()).isEqualTo(StoredType.BF16);
            assertThat(place.tensor().shape()).containsExactly(3072L);
            var wide = arena.allocate(3072 * 4, 4);
            Widening.read(place, wide);
            for (float value : wide.toArray(JAVA_FLOAT)) assertThat(value).isBetween(-2f, 2f);
        }
    }
}
