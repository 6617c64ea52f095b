package dev.ridgeline.tensor;

/// The floats of the OCP 8-bit Floating Point Specification (OFP8), revision 1.0: four bits of
/// exponent and three of fraction, without infinities, and five and two, with them.
public enum Float8 {
    E4M3(4, 3, 0x7e),
    E5M2(5, 2, 0x7b);

    private static final int F32_FRACTION = 23;
    private static final int F32_BIAS = 127;
    private static final int F32_INFINITY = 0x7f80_0000;
    private static final int NAN = 0x7f;

    private final int fraction;
    private final int bias;
    private final int largest;
    private final float[] values = new float[256];

    /// @param largest bits of the largest finite value
    Float8(int exponent, int fraction, int largest) {
        this.fraction = fraction;
        this.largest = largest;
        bias = (1 << exponent - 1) - 1;
        for (int bits = 0; bits < values.length; bits++) values[bits] = value(bits);
    }

    /// Exact.
    public float widen(byte bits) {
        return values[Byte.toUnsignedInt(bits)];
    }

    /// The nearest, ties to even. What is too large becomes the largest finite value of its sign,
    /// infinities too, as `cvt.rn.satfinite` of the PTX ISA and the OFP8 specification's saturating
    /// conversion have it; NaN stays NaN.
    public byte round(float value) {
        int bits = Float.floatToRawIntBits(value);
        int magnitude = bits & 0x7fff_ffff;
        if (magnitude > F32_INFINITY) return NAN;
        int sign = bits >>> 24 & 0x80;
        int normal = F32_BIAS - bias + 1 << F32_FRACTION;
        // below the least normal, neighbours are as far apart as there
        int rounded =
                magnitude < normal
                        ? (int) Math.rint(Math.scalb(Math.abs((double) value), bias - 1 + fraction))
                        : nearest(magnitude) - (F32_BIAS - bias << fraction);
        return (byte) (sign | Math.min(rounded, largest));
    }

    private int nearest(int magnitude) {
        int dropped = F32_FRACTION - fraction;
        int odd = magnitude >>> dropped & 1;
        return magnitude + (1 << dropped - 1) - 1 + odd >>> dropped;
    }

    private float value(int bits) {
        int magnitude = bits & 0x7f;
        float sign = bits >= 0x80 ? -1 : 1;
        if (magnitude > largest) return infinite(magnitude) ? sign / 0 : Float.NaN;
        int field = magnitude >>> fraction;
        int below = magnitude & (1 << fraction) - 1;
        int significand = field == 0 ? below : below | 1 << fraction;
        return sign * Math.scalb((float) significand, Math.max(field, 1) - bias - fraction);
    }

    /// Of what is past the largest value: the top exponent without a fraction, where it is free.
    private boolean infinite(int magnitude) {
        return (magnitude & (1 << fraction) - 1) == 0;
    }
}
