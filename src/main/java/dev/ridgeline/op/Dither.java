package dev.ridgeline.op;

/// Stochastic rounding to bf16: 16 random bits are added below those that stay, which are then cut
/// off. The bits depend on a key and the element's number alone, so they are the same on every
/// device, with any number of threads and in any order.
public final class Dither {
    /// 2^32 divided by the golden ratio.
    private static final int GOLDEN = 0x9e3779b9;

    private static final int EXPONENT = 0x7f800000;

    private Dither() {}

    /// The key of a step: a whole number below 2^24, so that an f32 holds it.
    public static float key(long seed, long step) {
        int low = mix((int) seed ^ mix((int) step));
        return mix(low ^ mix((int) (seed >>> 32) + GOLDEN * (int) (step >>> 32))) >>> 8;
    }

    /// What the bits of all elements of the same upper half of their numbers begin from.
    public static int start(float key, long element) {
        return mix((int) key + GOLDEN * (int) (element >>> 32));
    }

    /// One of the two values with bits of bf16 next to `value`; itself where it is one of them, is
    /// infinite or no number.
    public static float round(float value, float key, long element) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & EXPONENT) == EXPONENT) return value;
        int noise = mix(mix((int) element) ^ start(key, element)) >>> 16;
        return Float.intBitsToFloat(bits + noise & 0xffff0000);
    }

    /// `lowbias32` of Chris Wellons' hash-prospector: a bijection in which each bit of the result
    /// depends on each of the argument.
    private static int mix(int x) {
        x = (x ^ x >>> 16) * 0x7feb352d;
        x = (x ^ x >>> 15) * 0x846ca68b;
        return x ^ x >>> 16;
    }
}
