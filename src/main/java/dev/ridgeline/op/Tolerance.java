package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;

/// `|actual - expected| <= absolute + relative * |expected|`, element by element. A NaN is admitted
/// only where one is expected.
public record Tolerance(double absolute, double relative) {
    public boolean admits(double actual, double expected) {
        if (Double.isNaN(expected)) return Double.isNaN(actual);
        return actual == expected
                || Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
    }

    /// For two results that may each be this far from the exact one.
    public Tolerance between() {
        return new Tolerance(2 * absolute, 2 * relative);
    }

    /// For a sum of `terms` products of size up to `magnitude`, accumulated in f32 and stored as
    /// `stored`.
    ///
    /// Each of the k roundings is at most 2^-24 of a partial sum, which for independent terms
    /// uniform in ±magnitude grows as magnitude·sqrt(i/3). Added up as a random walk that is a
    /// standard deviation of 2^-24·magnitude·k/sqrt(18); 7 of them (an element in 10^11) are below
    /// 2^-23·magnitude·k. Storing costs one more rounding.
    public static Tolerance sum(long terms, double magnitude, DType stored) {
        return new Tolerance((0x1p-23 * terms + 0x1p-22) * magnitude, stored.roundoff() + 0x1p-24);
    }

    /// How tensor cores add: `block` products and the sum so far at once, of which alignment to the
    /// largest keeps `aligned` bits behind its point, and the sum `kept`. What lies below is cut
    /// off.
    public record Unit(int block, int aligned, int kept) {}

    /// The same on tensor cores, which cut off towards zero (Fasi, Higham, Mikaitis, Pranesh,
    /// "Numerical behavior of NVIDIA tensor cores", PeerJ CS 7:e330, 2021; Xie et al., arXiv
    /// 2511.10909, 2025).
    ///
    /// Of the n = terms / block sums S_j each loses up to 2^-kept·|S_j| of its size, half of it on
    /// average, which does not cancel. A random walk to S is a straight line, along which the sum
    /// of 2^-(kept+1)·S_j is 2^-(kept+2)·n·|S|, and a bridge, whose area has the standard deviation
    /// n·s/sqrt(12); for factors uniform in ± their largest s is magnitude·sqrt(terms)/3, and 7 of
    /// them are 0.68·n·magnitude·sqrt(terms).
    ///
    /// What a sum loses more or less than that has a variance of 4^-kept·S_j²/12, and what a
    /// product of either sign loses one of 4^-aligned·max(S_j, magnitude)²/3; S_j² is
    /// terms·magnitude²/18 on average. 7 standard deviations of all of it are less than [#sum]
    /// admits where 23 bits are kept.
    public static Tolerance cutOff(long terms, Unit unit, double magnitude, DType stored) {
        var rounded = sum(terms, magnitude, stored);
        double sums = Math.ceilDiv(terms, unit.block());
        double each =
                unit.block() * Math.scalb(1 / 3.0, -2 * unit.aligned())
                        + Math.scalb(1 / 12.0, -2 * unit.kept());
        double noise = 7 * magnitude * Math.sqrt(sums * (terms / 18.0 + 1) * each);
        double drift = Math.scalb(0.68, -unit.kept() - 1) * sums * magnitude * Math.sqrt(terms);
        return new Tolerance(
                Math.max(rounded.absolute(), noise) + drift,
                rounded.relative() + Math.scalb(sums, -unit.kept() - 2));
    }

    /// For a value that is computed from its inputs by a handful of f32 operations, each within
    /// `ulps` units in the last place, and stored as `stored`; `magnitude` is the size of the
    /// largest intermediate.
    public static Tolerance elementwise(double ulps, double magnitude, DType stored) {
        return new Tolerance(ulps * 0x1p-24 * magnitude, (ulps + 1) * 0x1p-24 + stored.roundoff());
    }
}
