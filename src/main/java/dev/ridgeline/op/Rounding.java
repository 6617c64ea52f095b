package dev.ridgeline.op;

/// How f32 becomes bf16.
public enum Rounding {
    /// To the nearest, ties to even.
    NEAREST,

    /// To one of the two neighbours, the nearer the likelier, so that the mean of many is the value
    /// itself: [Dither].
    STOCHASTIC
}
