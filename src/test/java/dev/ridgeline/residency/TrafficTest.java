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

    /// Copies that take nearly all of the step's time, so that the fastest plan is the one that
    /// moves least. Where copies hide behind computation, memory that gives them time is worth more
    /// than memory that saves some.
    private static final double SLOW = 1e6;

    /// @param usable percent of the cap, at least: the optimum splits pieces wherever it likes,
    ///   while a plan gives whole ones places that stay put, and leaves gaps between them; the
    ///   larger its largest op is beside the cap, the wider
    @ParameterizedTest
    @CsvSource({
        "gpt2, 50, 95",
        "llama, 75, 96",
        "llama, 35, 94",
        "llama, 20, 78",
        "mixture, 35, 94"
    })
    void what_is_copied_is_the_least_that_can_be(String model, int percent, int usable) {
        var config = CappedModels.of(model);
        var options = StepOptions.of(2, 24);
        var trace = CappedModels.variant(model, 1).trace();
        long cap = trace.bytes() * percent / 100;
        double allowed = new LeastTraffic(trace).within(cap * usable / 100.0);
        try (var device = new CpuDevice("cpu", 1, 1L << 30);
                var capped = new CappedExecution(device, device.link(), config, options, cap);
                var step = new TrainingStep(capped)) {
            var nominal = Speeds.nominal(capped.variants(), false);
            var speeds = new Speeds(nominal.ops(), SLOW, SLOW, 0, 0);
            var kept = capped.variants().stream().filter(v -> !v.recomputes()).toList();
            var plan = new Planner(kept, speeds).decide(cap).orElseThrow().plan();
            capped.use(plan);
            var found = counted(capped, step);
            assertThat(found.bytesIn()).isEqualTo(STEPS * plan.bytesIn());
            assertThat(found.bytesOut()).isEqualTo(STEPS * plan.bytesOut());
            assertThat((double) (found.bytesIn() + found.bytesOut()) / STEPS)
                    .isLessThanOrEqualTo(allowed);

            assertThat(capped.useSimplest()).isTrue();
            var careless = counted(capped, step);
            assertThat((double) (careless.bytesIn() + careless.bytesOut()) / STEPS)
                    .as("the bound tells a plan that keeps nothing")
                    .isGreaterThan(allowed);
        }
    }

    /// After the first steps, of which one enters the plan.
    private static Traffic counted(CappedExecution capped, TrainingStep step) {
        step.initialize(3);
        var random = new Random(3);
        int tokens = step.graph().options().tokens();
        step.gradients(random.ints(tokens, 0, 96).toArray(), random.ints(tokens, 0, 96).toArray());
        step.update(1e-3, 1);
        step.repeat();
        capped.count();
        for (int i = 0; i < STEPS; i++) step.repeat();
        return capped.counted(1);
    }
}
