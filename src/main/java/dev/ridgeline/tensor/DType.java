package dev.ridgeline.tensor;

import java.util.Locale;

/// Element type of a tensor.
public enum DType {
    F32(4, 0x1p-24),
    BF16(2, 0x1p-8),
    F16(2, 0x1p-11),
    F8_E4M3(1, 0x1p-4),
    F8_E5M2(1, 0x1p-3),
    I32(4, 0);

    private final int bytes;
    private final double roundoff;

    DType(int bytes, double roundoff) {
        this.bytes = bytes;
        this.roundoff = roundoff;
    }

    /// Size of one element, in bytes.
    public int bytes() {
        return bytes;
    }

    /// Unit roundoff: the largest relative error of rounding a real number to this type. Zero for
    /// integers.
    public double roundoff() {
        return roundoff;
    }

    /// The name used on the command line and in result files: `f32`, `bf16`, `f16`, `e4m3`, `e5m2`,
    /// `i32`.
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace("f8_", "");
    }

    /// Rounds to the nearest bf16, ties to even; NaN stays NaN.
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) return (short) (bits >>> 16 | 0x40);
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    /// Widens a bf16; exact.
    public static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
