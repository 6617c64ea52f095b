package dev.ridgeline.report;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// What a training step costs in ever less memory.
public final class CapacityCurve {
    /// The share of the full speed that the knee keeps.
    public static final double KNEE = 0.95;

    private CapacityCurve() {}

    /// The least cap that keeps [#KNEE] of the speed under the largest; empty if there is none
    /// below it.
    public static Optional<Row.Capacity> knee(List<Row> rows) {
        return rows.stream()
                .flatMap(r -> r.capacity().stream())
                .filter(c -> c.speed() >= KNEE)
                .min(Comparator.comparingLong(Row.Capacity::capBytes));
    }
}
