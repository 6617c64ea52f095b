package dev.ridgeline.cli;

import dev.ridgeline.device.Stream.Mark;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.residency.Calibration;
import dev.ridgeline.residency.CappedExecution;
import dev.ridgeline.residency.Speeds;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/// Runs one training step after the plan of each cap in turn: first to compare the bits, then for
/// time.
final class CapacityRun {
    /// Steps that are compared bit by bit before any is timed.
    private static final int COMPARED = 2;

    private final CappedExecution execution;
    private final TrainingStep step;
    private final Protocol protocol;

    CapacityRun(CappedExecution execution, TrainingStep step, Protocol protocol) {
        this.execution = execution;
        this.step = step;
        this.protocol = protocol;
    }

    /// What predictions are made from; after a first step.
    Speeds calibrate() {
        reset();
        take(1);
        try (var calibration = new Calibration(execution)) {
            return calibration.measure(4 * protocol.warmupSeconds());
        }
    }

    /// The state that every cap begins with.
    private void reset() {
        step.initialize(protocol.seed());
        step.transfer().clearMoments();
    }

    /// Losses and norms of a step on random tokens; the same for the same number.
    private List<Double> take(int number) {
        var random = new Random(number);
        int vocabulary = step.graph().config().vocabulary();
        int tokens = step.graph().options().tokens();
        var found =
                step.gradients(
                        random.ints(tokens, 0, vocabulary).toArray(),
                        random.ints(tokens, 0, vocabulary).toArray());
        step.update(1e-4, number);
        return List.of(found.loss(), found.norm());
    }

    /// Takes the same first steps under every cap.
    void compare(List<CapacityCase> cases) {
        Optional<List<Double>> expected = Optional.empty();
        for (var c : cases) {
            if (c.decision().isEmpty()) continue;
            execution.use(c.decision().get().plan());
            reset();
            var found = new ArrayList<Double>();
            for (int number = 1; number <= COMPARED; number++) found.addAll(take(number));
            if (expected.isEmpty()) expected = Optional.of(found);
            else if (!expected.get().equals(found))
                c.wrong("losses and norms %s, must be %s".formatted(found, expected.get()));
        }
    }

    /// Rounds over all caps, in alternating order, so that a drifting clock shows as noise.
    ///
    /// @param steps timed per cap and round
    void time(List<CapacityCase> cases, int steps) {
        var running =
                new ArrayList<>(
                        cases.stream()
                                .filter(c -> c.decision().isPresent() && c.wrong().isEmpty())
                                .toList());
        for (int round = 0; round < protocol.rounds(); round++) {
            for (var c : running) {
                execution.use(c.decision().get().plan());
                step.repeat(); // from here on copies of one step run into the next
                execution.count();
                c.add(timed(steps), execution);
            }
            Collections.reverse(running);
        }
    }

    private double[] timed(int steps) {
        var stream = execution.device().stream();
        var marks = new ArrayList<Mark>();
        marks.add(stream.mark());
        for (int i = 0; i < steps; i++) {
            step.repeat();
            marks.add(stream.mark());
        }
        return IntStream.range(0, steps)
                .mapToDouble(i -> stream.seconds(marks.get(i), marks.get(i + 1)))
                .toArray();
    }
}
