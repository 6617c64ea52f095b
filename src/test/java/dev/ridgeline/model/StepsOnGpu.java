package dev.ridgeline.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.cuda.CudaDevice;
import dev.ridgeline.device.Device;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Ten steps of the same model on the same data, on a GPU and on the CPU, which PyTorch agrees
/// with. A step on a GPU is captured as a graph once and replayed.
abstract class StepsOnGpu {
    private static final int STEPS = 10;
    private static final int VOCABULARY = 60;

    /// f32: sums in another order, and ten steps carry the roundings on.
    private static final double F32 = 1e-6;

    /// bf16 keeps 8 bits: an activation differs by 2^-8 wherever two sums round apart.
    private static final double BF16 = 1e-3;

    @ParameterizedTest
    @CsvSource({
        "gpt2, F32, 1, false",
        "gpt2, BF16, 2, true",
        "llama, F32, 2, true",
        "llama, BF16, 1, false",
        "moe, F32, 1, false",
        "moe, BF16, 2, true"
    })
    void ten_steps(String model, DType dtype, int microBatches, boolean recompute) {
        var options =
                StepOptions.of(2, 12)
                        .withDtype(dtype)
                        .withMicroBatches(microBatches)
                        .withRecompute(recompute);
        List<TrainingStep.Gradients> expected;
        try (var cpu = new CpuDevice("cpu", 1, 1L << 30)) {
            expected = steps(cpu, config(model), options, STEPS);
        }
        List<TrainingStep.Gradients> found;
        try (var gpu = CudaDevice.open(0, free -> free)) {
            found = steps(gpu, config(model), options, STEPS);
            assertThat(steps(gpu, config(model), options, 2))
                    .as("once more")
                    .isEqualTo(found.subList(0, 2));
            assertThat(gpu.allocated()).isZero();
        }
        double tolerance = dtype == DType.F32 ? F32 : BF16;
        for (int i = 0; i < STEPS; i++) {
            assertThat(found.get(i).loss())
                    .as("loss of step " + (i + 1))
                    .isCloseTo(expected.get(i).loss(), within(tolerance * expected.get(i).loss()));
            assertThat(found.get(i).norm())
                    .as("gradient norm of step " + (i + 1))
                    .isCloseTo(
                            expected.get(i).norm(), within(2 * tolerance * expected.get(i).norm()));
            assertThat(found.get(i).notFinite()).isEmpty();
        }
    }

    /// Small enough for a driver that runs every thread of a GPU as a fiber.
    private static Config config(String family) {
        var rotary = new Rotary(10_000, Optional.empty());
        return switch (family) {
            case "gpt2" -> Config.gpt2(VOCABULARY, 16, 2, 32, 2);
            case "llama" -> Config.llama(VOCABULARY, 16, 2, 32, 4, 2, 40, rotary);
            default ->
                    Config.llama(VOCABULARY, 16, 1, 32, 4, 2, 24, rotary).withExperts(4, 2, 0.01);
        };
    }

    private static List<TrainingStep.Gradients> steps(
            Device device, Config config, StepOptions options, int count) {
        var all = new ArrayList<TrainingStep.Gradients>();
        long planned =
                StepGraph.plan(config, options, device).values().stream()
                        .mapToLong(bytes -> bytes)
                        .sum();
        try (var step = new TrainingStep(device, config, options)) {
            assertThat(device.allocated()).as("bytes, as planned").isEqualTo(planned);
            step.initialize(42);
            var random = new Random(7);
            for (int i = 1; i <= count; i++) {
                int[] in = random.ints(options.tokens(), 0, VOCABULARY).toArray();
                int[] out = random.ints(options.tokens(), 0, VOCABULARY).toArray();
                all.add(step.gradients(in, out));
                step.update(3e-3 * i / STEPS, i);
            }
        }
        return all;
    }
}
