package dev.ridgeline.train;

import dev.ridgeline.model.TrainingStep.Gradients;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/// Tells steps that would do harm: gradients that are not finite, and losses far over those of the
/// steps before.
public final class Guard {
    /// Steps that are remembered.
    public static final int MEMORY = 64;

    /// A loss is a spike from so many standard deviations over the mean of those remembered on.
    private static final double DEVIATIONS = 8;

    /// And never below so many nats over it.
    private static final double LEAST = 0.5;

    private final Deque<Double> losses;

    /// @param losses remembered by an earlier guard, oldest first
    public Guard(Collection<Double> losses) {
        this.losses = new ArrayDeque<>(losses);
    }

    /// @return why the step is to be skipped; empty if it is good
    public Optional<String> objection(Gradients found) {
        if (!found.notFinite().isEmpty())
            return Optional.of(
                    "the gradients of " + String.join(", ", found.notFinite()) + " are not finite");
        if (!found.finite()) return Optional.of("the loss is not finite");
        double mean = losses.stream().mapToDouble(l -> l).average().orElse(0);
        double variance =
                losses.stream().mapToDouble(l -> (l - mean) * (l - mean)).average().orElse(0);
        double limit = mean + Math.max(LEAST, DEVIATIONS * Math.sqrt(variance));
        if (losses.size() == MEMORY && found.loss() > limit)
            return Optional.of(
                    "the loss jumped to %.3f from a mean of %.3f, gradients largest in %s"
                            .formatted(found.loss(), mean, found.largest()));
        losses.addLast(found.loss());
        if (losses.size() > MEMORY) losses.removeFirst();
        return Optional.empty();
    }

    /// What is remembered, oldest first.
    public List<Double> losses() {
        return List.copyOf(losses);
    }
}
