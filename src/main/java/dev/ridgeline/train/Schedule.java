package dev.ridgeline.train;

/// The learning rate along a run: up in a straight line, then down along half a cosine (arXiv
/// 1608.03983).
///
/// @param peak highest rate
/// @param floor last rate, as a share of the peak
/// @param warmup share of the run in which the rate goes up
public record Schedule(double peak, double floor, double warmup) {
    public Schedule {
        if (!(peak > 0 && Double.isFinite(peak)))
            throw new IllegalArgumentException("the learning rate must be positive: " + peak);
        if (!(floor >= 0 && floor <= 1) || !(warmup >= 0 && warmup < 1))
            throw new IllegalArgumentException("floor and warm-up are shares of one");
    }

    /// @param progress share of the run that is done, from 0 to 1
    public double rate(double progress) {
        // the first step moves too
        if (progress < warmup) return peak * Math.max(progress / warmup, 0.01);
        double done = Math.min(1, (progress - warmup) / (1 - warmup));
        return peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * done)));
    }
}
