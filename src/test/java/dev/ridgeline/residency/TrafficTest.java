package dev.ridgeline.residency;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.TrainingStep;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Random;

/// A real step under a cap moves no byte that the cap allowed to keep: what it counts is compared
/// with the optimum for its cyclic order.
class TrafficTest {
    private static final int STEPS = 2;

    /// @param after loss and norm of a step after those that were counted
    private record Found(Traffic traffic, TrainingStep.Gradients after) {
        double perStep() {
            return (double) (traffic.bytesIn() + traffic.bytesOut()) / STEPS;
        }
    }

    /// Copies that take nearly all of the step's time, so that the fastest plan is the one that
    /// moves least. Where copies hide behind computation, memory that gives them time is worth more
    /// than memory that saves some.
    private static final double SLOW = 1e6;

    @ParameterizedTest
    @CsvSource({
        "gpt2, 75", "gpt2, 50", "gpt2, 35", "gpt2, 20",
        "llama, 75", "llama, 50", "llama, 35", "llama, 20",
        "mixture, 75", "mixture, 50", "mixture, 35", "mixture, 20"
    })
    void what_is_copied_is_the_least_that_can_be(String model, int percent) {
        var config = CappedModels.of(model);
        var options = StepOptions.of(2, 24);
        var trace = CappedModels.variant(model, 1).trace();
        long cap = trace.bytes() * percent / 100;
        double allowed = allowed(trace, cap);
        try (var device = new CpuDevice("cpu", 1, 1L << 30);
                var capped = new CappedExecution(device, device.link(), config, options, cap);
                var step = new TrainingStep(capped)) {
            var nominal = Speeds.nominal(capped.variants(), false);
            var speeds = new Speeds(nominal.ops(), SLOW, SLOW, 0, 0);
            var kept = capped.variants().stream().filter(v -> !v.recomputes()).toList();
            var plan = new Planner(kept, speeds).decide(cap).orElseThrow().plan();
            capped.use(plan);
            var found = counted(capped, step);
            assertThat(found.traffic.bytesIn()).isEqualTo(STEPS * plan.bytesIn());
            assertThat(found.traffic.bytesOut()).isEqualTo(STEPS * plan.bytesOut());
            assertThat(found.perStep())
                    .isBetween(new LeastTraffic(trace).within(cap).orElseThrow(), allowed);

            assertThat(capped.useSimplest()).isTrue();
            var careless = counted(capped, step);
            assertThat(careless.perStep())
                    .as("the bound tells a plan that keeps nothing")
                    .isGreaterThan(allowed);
            assertThat(found.after).isEqualTo(careless.after);
        }
    }

    /// The optimum in a memory that is smaller by two of the largest pieces, room for one on its
    /// way in and one on its way out. The optimum itself splits pieces wherever it likes and needs
    /// no addresses. These plans copy nothing ahead, so that what they use of that room goes to
    /// places that stay put and leave gaps: a rule for all models and caps, not a proof of the
    /// least. It is wide where a piece is large beside what has to be copied, as at 75 %.
    private static double allowed(Trace trace, long cap) {
        long piece = trace.pieces().stream().mapToLong(Trace.Piece::bytes).max().orElseThrow();
        return new LeastTraffic(trace).within(cap - 2.0 * piece).orElseThrow();
    }

    /// After the first steps, of which one enters the plan.
    private static Found counted(CappedExecution capped, TrainingStep step) {
        step.initialize(3);
        step.transfer().clearMoments();
        var random = new Random(3);
        int tokens = step.graph().options().tokens();
        int[] in = random.ints(tokens, 0, 96).toArray();
        int[] out = random.ints(tokens, 0, 96).toArray();
        step.gradients(in, out);
        step.update(1e-3, 1);
        step.repeat();
        capped.count();
        for (int i = 0; i < STEPS; i++) step.repeat();
        return new Found(capped.counted(1), step.gradients(in, out));
    }
}
