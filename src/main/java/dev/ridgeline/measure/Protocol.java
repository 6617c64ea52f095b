package dev.ridgeline.measure;

/// How a number is taken. Written into every result.
///
/// Rows are measured in `rounds` passes over the whole list, operands allocated anew in each, so
/// that a drifting clock and the luck of page placement show as spread and not as a false
/// difference between two rows or two runs.
///
/// @param warmupSeconds before the first sample of a round, at least; longer until the trend is
///   flat
/// @param maxNoise stops a round when the half width of the median's interval is below this share
/// @param maxSeconds of sampling per row, all rounds together
/// @param rounds passes over all rows
/// @param cold rotates over enough copies of the operands to exceed the last-level cache twice
/// @param seed of the operands
public record Protocol(
        double warmupSeconds,
        double maxNoise,
        double maxSeconds,
        int rounds,
        boolean cold,
        long seed) {
    public Protocol {
        if (!(warmupSeconds >= 0 && maxNoise > 0 && maxSeconds > 0) || rounds < 1)
            throw new IllegalArgumentException(
                    "warm-up must not be negative; noise, seconds and rounds must be positive");
    }

    /// Where a GPU is measured: 3 s until its clocks settle, 0.5 % noise, 3 rounds.
    public static final Protocol GPU = new Protocol(3, 0.005, 3, 3, true, 1);

    /// Where a CPU is measured: 2 % noise, 5 rounds.
    public static final Protocol CPU = new Protocol(0.3, 0.02, 2.5, 5, true, 1);

    /// For a suite of many rows that is to take two minutes: a row finds the device warm from the
    /// one before.
    public Protocol hurried() {
        return new Protocol(
                Math.min(warmupSeconds, 0.1), maxNoise, 1, Math.max(rounds, 5), cold, seed);
    }
}
