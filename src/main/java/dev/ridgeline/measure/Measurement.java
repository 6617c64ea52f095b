package dev.ridgeline.measure;

import org.apache.commons.statistics.distribution.TDistribution;

import java.util.Arrays;
import java.util.List;

/// Seconds per launch, as sampled, round by round.
///
/// The interval is at 95 %: the wider of what the samples say (order statistics of the pooled
/// median, free of any distribution) and what the rounds say (Student's t over round medians, which
/// sees drift and placement that samples of one round share).
///
/// @param rounds one array of samples per round, in the order taken; none empty
public record Measurement(List<double[]> rounds) {
    private static final double ONE_SIDED = 0.025;

    public Measurement {
        rounds = List.copyOf(rounds);
        if (rounds.isEmpty() || rounds.stream().anyMatch(r -> r.length == 0))
            throw new IllegalArgumentException("a measurement needs samples in every round");
    }

    private double[] sorted() {
        return rounds.stream().flatMapToDouble(Arrays::stream).sorted().toArray();
    }

    public int samples() {
        return rounds.stream().mapToInt(r -> r.length).sum();
    }

    public double median() {
        return quantile(0.5);
    }

    public double min() {
        return sorted()[0];
    }

    /// The sample at rank `q`, linearly interpolated (type 7 of Hyndman and Fan 1996).
    public double quantile(double q) {
        return quantile(sorted(), q);
    }

    static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    /// Median of each round.
    public double[] roundMedians() {
        return rounds.stream()
                .mapToDouble(r -> quantile(Arrays.stream(r).sorted().toArray(), 0.5))
                .toArray();
    }

    /// Lower end of the interval of the median.
    public double low() {
        return Math.max(0, median() - Math.max(median() - ordered(-1), betweenRounds()));
    }

    /// Upper end of the interval of the median.
    public double high() {
        return median() + Math.max(ordered(1) - median(), betweenRounds());
    }

    /// Half the interval's width as a share of the median.
    public double noise() {
        return (high() - low()) / 2 / median();
    }

    /// The order statistic that bounds the median from one side: rank n/2 ± 0.98 sqrt(n).
    private double ordered(int side) {
        double[] sorted = sorted();
        double rank = 0.5 * (sorted.length - 1) + side * 0.98 * Math.sqrt(sorted.length);
        return sorted[(int) Math.clamp(Math.rint(rank), 0, sorted.length - 1)];
    }

    private double betweenRounds() {
        double[] medians = roundMedians();
        int n = medians.length;
        if (n < 2) return 0;
        double mean = Arrays.stream(medians).average().orElseThrow();
        double squares = Arrays.stream(medians).map(m -> (m - mean) * (m - mean)).sum();
        double t = TDistribution.of(n - 1).inverseSurvivalProbability(ONE_SIDED);
        return t * Math.sqrt(squares / (n - 1) / n);
    }
}
