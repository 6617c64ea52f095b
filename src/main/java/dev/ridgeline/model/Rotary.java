package dev.ridgeline.model;

import java.util.Optional;

/// Rotary positions: pair i of a head of dimension D turns by `theta^(-2i/D)` per position.
///
/// @param theta the base, 10000 in arXiv 2104.09864
public record Rotary(double theta, Optional<Stretch> stretch) {
    /// How Llama 3.1 stretches the slow pairs to a longer context (its `rope_type` "llama3").
    ///
    /// @param factor by which wavelengths over `original / low` positions grow
    /// @param low turns within `original` positions below which a pair is stretched in full
    /// @param high turns above which it is left as it is
    /// @param original positions the model was first trained on
    public record Stretch(double factor, double low, double high, int original) {}

    /// Radians per position of each pair, (headDim / 2).
    public float[] frequencies(int headDim) {
        float[] all = new float[headDim / 2];
        for (int i = 0; i < all.length; i++) {
            double plain = Math.pow(theta, -2.0 * i / headDim);
            all[i] = (float) stretch.map(s -> stretched(plain, s)).orElse(plain).doubleValue();
        }
        return all;
    }

    private static double stretched(double frequency, Stretch s) {
        double turns = s.original * frequency / (2 * Math.PI);
        if (turns < s.low) return frequency / s.factor;
        if (turns > s.high) return frequency;
        double smooth = (turns - s.low) / (s.high - s.low);
        return (1 - smooth) * frequency / s.factor + smooth * frequency;
    }
}
