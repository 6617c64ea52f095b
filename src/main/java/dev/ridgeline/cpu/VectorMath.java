package dev.ridgeline.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Transcendentals as straight-line vector code, the same bits at every width and on every
/// platform, which the JDK's own (a native library where it has one) does not promise.
final class VectorMath {
    /// Where [#exp] begins: the smallest normal number is e^-87.336.
    static final float LOWEST = -87.33f;

    /// Where [#exp] ends: beyond, the power of two that scales the result is 2^128.
    static final float HIGHEST = 88.37f;

    private static final float LOG2_E = 1.44269504f;
    // adding 1.5·2^23 rounds to an integer; 127 more and the low bits are 2^n's exponent field
    private static final float ROUND = 0x1.8p23f + 127;
    // ln 2 in two parts, the first with 9 trailing zero bits so that n · LN2_HIGH is exact
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;

    private VectorMath() {}

    /// e^x within 1 ulp for x in [LOWEST, HIGHEST]; 0 below, infinity above, NaN for NaN.
    static FloatVector exp(FloatVector x) {
        var above = x.compare(VectorOperators.GT, HIGHEST);
        return boundedExp(x).blend(Float.POSITIVE_INFINITY, above);
    }

    /// [#exp] for x that is known not to pass HIGHEST, as what softmax takes it of is not; a fifth
    /// faster, and undefined above.
    ///
    /// With x = n ln 2 + r, |r| <= ln 2 / 2, e^x = 2^n (1 + r + r² q(r)); q is the polynomial of
    /// degree 4 with the least largest relative error of the result, 2^-28 (Remez), evaluated in
    /// pairs because the chain of dependent operations is what limits the speed.
    static FloatVector boundedExp(FloatVector x) {
        var shifted = x.fma(broadcast(LOG2_E), broadcast(ROUND));
        var n = shifted.sub(ROUND);
        var r = n.fma(broadcast(-LN2_LOW), n.fma(broadcast(-LN2_HIGH), x));
        var r2 = r.mul(r);
        var low = r.fma(broadcast(0x1.555492p-3f), broadcast(0x1.fffffcp-2f));
        var high = r.fma(broadcast(0x1.1239e2p-7f), broadcast(0x1.5558f2p-5f));
        var q = r2.fma(broadcast(0x1.6a2434p-10f), high).fma(r2, low);
        var bits = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        var scale = bits.reinterpretAsFloats();
        return q.fma(r2, r).fma(scale, scale).blend(0f, x.compare(VectorOperators.LT, LOWEST));
    }

    /// 1 / (1 + e^-x).
    static FloatVector sigmoid(FloatVector x) {
        return broadcast(1f).div(exp(x.neg()).add(1f));
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(Lanes.F32, value);
    }
}
