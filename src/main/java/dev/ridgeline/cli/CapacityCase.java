package dev.ridgeline.cli;

import dev.ridgeline.measure.Measurement;
import dev.ridgeline.residency.CappedExecution;
import dev.ridgeline.residency.Planner;
import dev.ridgeline.residency.Traffic;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// One cap of a sweep and what was found under it.
final class CapacityCase {
    private final Caps.Cap cap;
    private final long bytes;
    private final Optional<Planner.Decision> decision;
    private final List<double[]> seconds = new ArrayList<>();
    private final List<Traffic> traffic = new ArrayList<>();
    private Optional<String> wrong = Optional.empty();

    /// @param decision empty where the cap is too small
    CapacityCase(Caps.Cap cap, long bytes, Optional<Planner.Decision> decision) {
        this.cap = cap;
        this.bytes = bytes;
        this.decision = decision;
    }

    Caps.Cap cap() {
        return cap;
    }

    long bytes() {
        return bytes;
    }

    Optional<Planner.Decision> decision() {
        return decision;
    }

    /// @param execution that counted
    void add(double[] samples, CappedExecution execution) {
        seconds.add(samples);
        traffic.add(execution.counted(Arrays.stream(samples).sum()));
    }

    void wrong(String reason) {
        wrong = Optional.of(reason);
    }

    /// Why nothing was measured.
    Optional<String> wrong() {
        return wrong;
    }

    /// Whether it was measured.
    boolean measured() {
        return !seconds.isEmpty();
    }

    /// Seconds of steps, an array per round.
    List<double[]> seconds() {
        return seconds;
    }

    /// Of a step, in seconds.
    double median() {
        return new Measurement(seconds).median();
    }

    /// Of all its steps, per step.
    Traffic perStep() {
        int steps = seconds.stream().mapToInt(s -> s.length).sum();
        return new Traffic(
                traffic.stream().mapToDouble(Traffic::seconds).sum() / steps,
                traffic.stream().mapToDouble(Traffic::stall).sum() / steps,
                traffic.stream().mapToDouble(Traffic::in).sum() / steps,
                traffic.stream().mapToDouble(Traffic::out).sum() / steps,
                traffic.stream().mapToLong(Traffic::bytesIn).sum() / steps,
                traffic.stream().mapToLong(Traffic::bytesOut).sum() / steps);
    }
}
