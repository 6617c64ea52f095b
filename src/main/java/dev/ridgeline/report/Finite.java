package dev.ridgeline.report;

/// Keeps NaN and infinity, which JSON cannot hold, out of results.
final class Finite {
    private Finite() {}

    static void check(String what, double... values) {
        for (double value : values)
            if (!Double.isFinite(value))
                throw new IllegalArgumentException(what + " must be finite, not " + value);
    }

    /// Checks `0 <= low <= value <= high`, value above 0.
    static void interval(String what, double low, double value, double high) {
        check(what, low, value, high);
        if (!(low >= 0 && low <= value && value <= high && value > 0))
            throw new IllegalArgumentException(
                    what
                            + " must be positive and inside its interval, not %s in [%s, %s]"
                                    .formatted(value, low, high));
    }
}
