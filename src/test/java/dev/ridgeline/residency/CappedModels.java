package dev.ridgeline.residency;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Link;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Rotary;
import dev.ridgeline.model.StepGraph;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.op.Op;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;

/// Models so deep and narrow that a fifth of their working set holds the largest op.
final class CappedModels {
    static final int[] CAPS = {100, 75, 50, 35, 20};

    private CappedModels() {}

    static Config of(String name) {
        var rotary = new Rotary(10_000, Optional.empty());
        return switch (name) {
            case "gpt2" -> Config.gpt2(96, 32, 6, 32, 2);
            case "llama" -> Config.llama(96, 32, 6, 32, 4, 2, 48, rotary);
            case "mixture" -> Config.llama(96, 32, 6, 32, 4, 2, 24, rotary).withExperts(4, 2, 0.01);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /// The step of such a model, planned.
    static Planner.Variant variant(String name, int microBatches) {
        var graph =
                StepGraph.planned(of(name), StepOptions.of(2, 24).withMicroBatches(microBatches));
        var ops = new ArrayList<Op>(graph.gradientOps());
        ops.addAll(graph.updateOps());
        return new Planner.Variant(false, new Trace(ops, graph.memory()::region));
    }

    /// Trains uncapped and under each cap, and compares.
    ///
    /// @param caps percent of the working set
    static void requireSameBits(Device device, Config config, StepOptions options, int... caps) {
        requireSameBits(device, device::link, config, options, caps);
    }

    static void requireSameBits(
            Device device, Supplier<Link> link, Config config, StepOptions options, int... caps) {
        List<Double> losses;
        List<Float> weights;
        try (var whole = new TrainingStep(device, config, options)) {
            losses = train(whole);
            weights = weights(whole);
        }
        assertThat(losses.getLast()).isNotEqualTo(losses.getFirst());
        long workingSet = StepGraph.plan(config, options).values().stream().mapToLong(b -> b).sum();
        for (int cap : caps) {
            long state = CappedExecution.stateBytes(config, options);
            long arena = workingSet * cap / 100 - state;
            try (var capped = new CappedExecution(device, link.get(), config, options, arena)) {
                var planner =
                        new Planner(
                                capped.variants(),
                                Speeds.nominal(capped.variants(), capped.link().duplex()));
                var decision = planner.decide(arena);
                assertThat(decision)
                        .as("%d %% of %d; least %d", cap, workingSet, planner.least() + state)
                        .isPresent();
                capped.use(decision.get().plan());
                if (cap < 75) assertThat(decision.get().plan().bytesIn()).isPositive();
                var step = new TrainingStep(capped);
                assertThat(train(step)).as("%d %%", cap).isEqualTo(losses);
                assertThat(weights(step)).as("%d %%", cap).isEqualTo(weights);
                step.close();
            }
        }
        assertThat(device.allocated()).isZero();
    }

    private static List<Double> train(TrainingStep step) {
        step.initialize(3);
        var random = new Random(3);
        int tokens = step.graph().options().tokens();
        int evaluated = tokens / step.graph().options().microBatches();
        var found = new ArrayList<Double>();
        for (int i = 1; i <= 10; i++) {
            int[] all = random.ints(tokens + 1, 0, 96).toArray();
            var in = Arrays.copyOf(all, tokens);
            var out = Arrays.copyOfRange(all, 1, tokens + 1);
            var gradients = step.gradients(in, out);
            found.add(gradients.loss());
            found.add(gradients.norm());
            // one is skipped, as when a loss is not finite
            if (i != 4) step.update(1e-2, i);
            if (i == 7)
                found.add(step.loss(Arrays.copyOf(in, evaluated), Arrays.copyOf(out, evaluated)));
        }
        return found;
    }

    private static List<Float> weights(TrainingStep step) {
        var found = new ArrayList<Float>();
        for (var kind : List.of(Kind.WEIGHTS, Kind.FIRST_MOMENTS, Kind.SECOND_MOMENTS))
            step.transfer()
                    .read(
                            kind,
                            (_, _, _, memory) -> {
                                for (float x : memory.toArray(ValueLayout.JAVA_FLOAT)) found.add(x);
                            });
        return found;
    }
}
