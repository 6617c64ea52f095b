package dev.ridgeline.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.cuda.CudaDevice;
import dev.ridgeline.device.Device;
import dev.ridgeline.op.Router;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/// Ten steps of the same model on the same data, on a GPU and on the CPU, which PyTorch agrees
/// with. A step on a GPU is captured as a graph once and replayed.
abstract class StepsOnGpu {
    private static final int STEPS = 10;
    private static final int VOCABULARY = 60;

    /// f32: sums in another order, and ten steps carry the roundings on.
    private static final double F32 = 1e-6;

    /// bf16 keeps 8 bits: an activation differs by 2^-8 wherever two sums round apart.
    private static final double BF16 = 1e-3;

    /// How much less probable, to the CPU, an expert of the GPU's may be than one that it passed
    /// over. A step in which the two choose differently at such near ties is not compared: found
    /// are differences of 2.5e-4 and 1e-3, and a norm that is then 3.6e-3 off.
    private static final double TIE = 5e-3;

    private static final int MOST_TIES = 3;

    /// @param routes of the last micro-batch, layer by layer
    private record Step(TrainingStep.Gradients gradients, List<Route> routes) {}

    /// @param probabilities (rows, experts)
    /// @param chosen (rows, k)
    private record Route(float[] probabilities, int[] chosen, int k) {
        static Route of(Router op) {
            return new Route(floats(op.probabilities()), ints(op.experts()), op.experts().dim(1));
        }

        /// By how much the choices of another differ from the best ones here, at most.
        double regret(Route other) {
            int rows = chosen.length / k;
            int experts = probabilities.length / rows;
            double most = 0;
            for (int r = 0; r < rows; r++)
                for (int e = 0; e < experts; e++) {
                    if (contains(other.chosen, r, e)) continue;
                    for (int j = 0; j < k; j++) {
                        float there = probabilities[r * experts + other.chosen[r * k + j]];
                        most = Math.max(most, probabilities[r * experts + e] - there);
                    }
                }
            return most;
        }

        private boolean contains(int[] chosen, int row, int expert) {
            for (int j = 0; j < k; j++) if (chosen[row * k + j] == expert) return true;
            return false;
        }

        /// Whether each row goes to the same experts, in any order.
        boolean same(Route other) {
            return IntStream.range(0, chosen.length)
                    .allMatch(i -> contains(other.chosen, i / k, chosen[i]));
        }
    }

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
        List<Step> expected;
        try (var cpu = new CpuDevice("cpu", 1, 1L << 30)) {
            expected = steps(cpu, config(model), options, STEPS);
        }
        List<Step> found;
        try (var gpu = CudaDevice.open(0, free -> free)) {
            found = steps(gpu, config(model), options, STEPS);
            assertThat(gradients(steps(gpu, config(model), options, 2)))
                    .as("once more")
                    .isEqualTo(gradients(found.subList(0, 2)));
            assertThat(gpu.allocated()).isZero();
        }
        double tolerance = dtype == DType.F32 ? F32 : BF16;
        int ties = 0;
        for (int i = 0; i < STEPS; i++) {
            var here = found.get(i).gradients;
            var there = expected.get(i).gradients;
            assertThat(here.notFinite()).isEmpty();
            if (!sameRoutes(expected.get(i), found.get(i))) {
                assertThat(regret(expected.get(i), found.get(i)))
                        .as("regret of step " + (i + 1))
                        .isLessThan(TIE);
                ties++;
                continue;
            }
            assertThat(here.loss())
                    .as("loss of step " + (i + 1))
                    .isCloseTo(there.loss(), within(tolerance * there.loss()));
            assertThat(here.norm())
                    .as("gradient norm of step " + (i + 1))
                    .isCloseTo(there.norm(), within(2 * tolerance * there.norm()));
        }
        assertThat(ties).as("steps with a tie").isLessThanOrEqualTo(MOST_TIES);
    }

    private static List<TrainingStep.Gradients> gradients(List<Step> steps) {
        return steps.stream().map(Step::gradients).toList();
    }

    private static boolean sameRoutes(Step a, Step b) {
        return IntStream.range(0, a.routes.size())
                .allMatch(layer -> a.routes.get(layer).same(b.routes.get(layer)));
    }

    private static double regret(Step expected, Step found) {
        return IntStream.range(0, expected.routes.size())
                .mapToDouble(layer -> expected.routes.get(layer).regret(found.routes.get(layer)))
                .max()
                .orElse(0);
    }

    private static float[] floats(Tensor t) {
        return downloaded(t).toArray(ValueLayout.JAVA_FLOAT);
    }

    private static int[] ints(Tensor t) {
        return downloaded(t).toArray(ValueLayout.JAVA_INT);
    }

    private static MemorySegment downloaded(Tensor t) {
        var all = Arena.ofAuto().allocate(t.buffer().bytes(), 64);
        t.buffer().download(all);
        return all.asSlice(t.offset() * t.dtype().bytes(), t.bytes());
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

    private static List<Step> steps(Device device, Config config, StepOptions options, int count) {
        var all = new ArrayList<Step>();
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
                all.add(new Step(step.gradients(in, out), routes(step)));
                step.update(3e-3 * i / STEPS, i);
            }
        }
        return all;
    }

    private static List<Route> routes(TrainingStep step) {
        return step.graph().gradientOps().stream()
                .filter(Router.class::isInstance)
                .map(op -> Route.of((Router) op))
                .toList();
    }
}
