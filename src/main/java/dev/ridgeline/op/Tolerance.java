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

    /// The same on tensor cores, which add `block` products at once to the sum so far and cut the
    /// result off towards zero (Fasi, Higham, Mikaitis, Pranesh, "Numerical behavior of NVIDIA
    /// tensor cores", PeerJ CS 7:e330, 2021; Xie et al., arXiv 2511.10909, 2025).
    ///
    /// Of the n = terms / block sums S_j each loses on average at most 2^-24·|S_j| of its size. How
    /// far one is from this mean, and what the products lose where they are aligned, is random: 1.8
    /// · 2^-24·|S_j| in the mean square, which adds up to less than [#sum] admits. The mean does
    /// not cancel. A random walk to S is a straight line, along which 2^-24·sum(S_j) is
    /// 2^-25·n·|S|, and a bridge, whose area has the standard deviation n·s/sqrt(12); for factors
    /// uniform in ± their largest s is magnitude·sqrt(terms)/3, and 7 of them are
    /// 0.68·n·magnitude·sqrt(terms).
    ///
    /// @param block of the oldest tensor cores that are meant
    public static Tolerance cutOff(long terms, int block, double magnitude, DType stored) {
        var rounded = sum(terms, magnitude, stored);
        double sums = Math.ceilDiv(terms, block);
        return new Tolerance(
                rounded.absolute() + 0.68 * 0x1p-24 * sums * magnitude * Math.sqrt(terms),
                rounded.relative() + 0x1p-25 * sums);
    }

    /// For a value that is computed from its inputs by a handful of f32 operations, each within
    /// `ulps` units in the last place, and stored as `stored`; `magnitude` is the size of the
    /// largest intermediate.
    public static Tolerance elementwise(double ulps, double magnitude, DType stored) {
        return new Tolerance(ulps * 0x1p-24 * magnitude, (ulps + 1) * 0x1p-24 + stored.roundoff());
    }
}
