package dev.ridgeline.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.device.OutOfDeviceMemory;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class TrainingStepTest {
    @ParameterizedTest
    @CsvSource({
        "gpt2-tiny, F32, false",
        "gpt2-tiny, BF16, true",
        "llama-tiny, F32, true",
        "llama-tiny, BF16, false"
    })
    void the_plan_is_what_is_allocated(String model, DType dtype, boolean recompute) {
        var config = Presets.of(model);
        var options =
                StepOptions.of(3, 17).withDtype(dtype).withRecompute(recompute).withMicroBatches(2);
        long planned = StepGraph.plan(config, options).values().stream().mapToLong(b -> b).sum();
        try (var device = new CpuDevice("cpu", 1, 1L << 30)) {
            try (var step = new TrainingStep(device, config, options)) {
                assertThat(device.allocated()).isEqualTo(planned);
                assertThat(step.memory().regions()).isEqualTo(StepGraph.plan(config, options));
            }
            assertThat(device.allocated()).isZero();
        }
        try (var small = new CpuDevice("cpu", 1, planned - 1)) {
            assertThatThrownBy(() -> new TrainingStep(small, config, options))
                    .isInstanceOf(OutOfDeviceMemory.class);
            assertThat(small.allocated()).isZero();
        }
        try (var exact = new CpuDevice("cpu", 1, planned)) {
            new TrainingStep(exact, config, options).close();
        }
    }

    /// Plans need no memory, whatever the model.
    @Test
    void the_largest_presets_are_planned() {
        var options = StepOptions.of(1, 4096).withDtype(DType.BF16).withRecompute(true);
        var plan = StepGraph.plan(Presets.of("llama-405b"), options);
        long weights = Parameters.of(Presets.of("llama-405b")).count() * 4;
        assertThat(total(plan, Memory.Kind.WEIGHTS)).isBetween(weights, weights + (1 << 20));
        assertThat(total(plan, Memory.Kind.FIRST_MOMENTS))
                .isEqualTo(total(plan, Memory.Kind.WEIGHTS));
    }

    private static long total(java.util.Map<Memory.Region, Long> plan, Memory.Kind kind) {
        return plan.entrySet().stream()
                .filter(e -> e.getKey().kind() == kind)
                .mapToLong(java.util.Map.Entry::getValue)
                .sum();
    }

    @ParameterizedTest
    @CsvSource({"gpt2-tiny, F32", "llama-tiny, BF16"})
    void recomputing_and_threads_change_no_bit(String model, DType dtype) {
        var kept = losses(model, StepOptions.of(2, 33).withDtype(dtype), 2);
        assertThat(losses(model, StepOptions.of(2, 33).withDtype(dtype).withRecompute(true), 2))
                .isEqualTo(kept);
        assertThat(losses(model, StepOptions.of(2, 33).withDtype(dtype), 1)).isEqualTo(kept);
    }

    private static List<Double> losses(String model, StepOptions options, int threads) {
        var found = new ArrayList<Double>();
        try (var device = new CpuDevice("cpu", threads, 1L << 30);
                var step = new TrainingStep(device, Presets.of(model), options)) {
            step.initialize(3);
            var random = new Random(3);
            for (int i = 1; i <= 4; i++) {
                int[] tokens = random.ints(options.tokens() + 1, 0, 256).toArray();
                var gradients =
                        step.gradients(
                                java.util.Arrays.copyOf(tokens, options.tokens()),
                                java.util.Arrays.copyOfRange(tokens, 1, tokens.length));
                found.add(gradients.loss());
                found.add(gradients.norm());
                step.update(1e-3, i);
            }
        }
        return found;
    }

    /// One layer's weight becomes a NaN: it and the layers below have no finite gradients.
    @Test
    void gradients_that_are_not_finite_are_named() {
        var options = StepOptions.of(1, 8);
        try (var device = new CpuDevice("cpu", 1, 1L << 30);
                var step = new TrainingStep(device, Presets.of("gpt2-tiny"), options)) {
            step.initialize(3);
            assertThat(step.gradients(new int[8], new int[8]).notFinite()).isEmpty();
            int[] none = new int[8];
            java.util.Arrays.fill(none, -1);
            var ignored = step.gradients(new int[8], none);
            assertThat(ignored.loss()).isZero();
            assertThat(ignored.norm()).isZero();
            step.update(Double.NaN, 1);
            assertThat(step.gradients(new int[8], new int[8]).notFinite())
                    .containsExactly("embeddings", "layer 0", "layer 1", "head");
        }
    }

    /// Gradients are added up over micro-batches: the same sequences in one batch or in three.
    @Test
    void micro_batches_are_one_batch_in_parts() {
        int[] in = new Random(1).ints(3 * 16, 0, 256).toArray();
        int[] out = new Random(2).ints(3 * 16, 0, 256).toArray();
        try (var device = new CpuDevice("cpu", 2, 1L << 30);
                var whole =
                        new TrainingStep(device, Presets.of("llama-tiny"), StepOptions.of(3, 16));
                var parts =
                        new TrainingStep(
                                device,
                                Presets.of("llama-tiny"),
                                StepOptions.of(1, 16).withMicroBatches(3))) {
            whole.initialize(5);
            parts.initialize(5);
            var a = whole.gradients(in, out);
            var b = parts.gradients(in, out);
            assertThat(b.loss()).isEqualTo(a.loss());
            assertThat(b.norm())
                    .isCloseTo(a.norm(), org.assertj.core.api.Assertions.withinPercentage(1e-4));
        }
    }

    @Test
    void a_sequence_past_the_positions_is_refused() {
        assertThatThrownBy(() -> StepGraph.plan(Presets.of("gpt2-tiny"), StepOptions.of(1, 65)))
                .isInstanceOf(InvalidModel.class)
                .hasMessageContaining("65 is longer than the 64 positions");
    }

    /// Products and attention of a step are the model's flops three times over, up to what the
    /// convention leaves out or counts besides: norms and biases among the parameters.
    @Test
    void flops_of_the_ops_are_those_of_the_convention() {
        var config = Presets.of("gpt2-124m");
        var options = StepOptions.of(2, 256);
        double ops =
                StepGraph.planned(config, options).gradientOps().stream()
                        .filter(op -> isProduct(op))
                        .mapToDouble(op -> op.cost().flops())
                        .sum();
        double convention = config.flopsPerToken(256) * options.tokens();
        // wpe is counted and is no product; attention's backward is 2.5 and not 2 forwards
        assertThat(ops / convention).isBetween(0.98, 1.02);
    }

    private static boolean isProduct(Op op) {
        return op instanceof Gemm
                || op instanceof Attention
                || op instanceof dev.ridgeline.op.AttentionBackward;
    }
}
