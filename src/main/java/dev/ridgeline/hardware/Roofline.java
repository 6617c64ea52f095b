package dev.ridgeline.hardware;

import dev.ridgeline.op.Cost;

/// The two ceilings of a chip, and where a measured op sits under them (Williams, Waterman and
/// Patterson, 2009).
///
/// @param flops the most a kernel can compute, in flop/s: measured or printed
/// @param bandwidth the most it can move to and from memory, in byte/s
public record Roofline(double flops, double bandwidth) {
    /// What limits an op.
    public enum Ceiling {
        COMPUTE,
        MEMORY
    }

    /// @param floorSeconds the shortest time the ceilings allow
    /// @param fraction `floorSeconds` over the measured time. Above 1 where operands were served
    ///   from a cache or a ceiling is set too low.
    public record Placement(Ceiling ceiling, double floorSeconds, double fraction) {}

    public Roofline {
        requirePositive(flops, "flop/s");
        requirePositive(bandwidth, "byte/s");
    }

    /// The intensity at which both ceilings bind, in flop per byte.
    public double ridge() {
        return flops / bandwidth;
    }

    /// An op on the ridge counts as bound by compute.
    public Placement place(Cost cost, double seconds) {
        requirePositive(seconds, "seconds");
        double compute = cost.flops() / flops;
        double memory = cost.bytes() / bandwidth;
        double floor = Math.max(compute, memory);
        return new Placement(
                compute >= memory ? Ceiling.COMPUTE : Ceiling.MEMORY, floor, floor / seconds);
    }

    private static void requirePositive(double value, String unit) {
        if (!(value > 0) || Double.isInfinite(value))
            throw new IllegalArgumentException(
                    "a roofline needs a positive number of " + unit + ", not " + value);
    }
}
