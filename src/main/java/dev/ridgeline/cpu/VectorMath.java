package dev.ridgeline.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Transcendentals as straight-line vector code, the same bits at every width and on every
/// platform, which the JDK's own (a native library where it has one) does not promise.
final class VectorMath {
    // adding 1.5·2^23 leaves the nearest integer in the low mantissa bits
    private static final float ROUND = 0x1.8p23f;
    private static final float LOG2_E = 1.44269504f;
    // ln 2 in two parts, the first with 9 trailing zero bits so that n · LN2_HIGH is exact
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float LOWEST = -87.33f;
    private static final float HIGHEST = 88.37f;

    private VectorMath() {}

    /// e^x to about 1 ulp for x in [-87.33, 88.37]; 0 below (also at -inf), e^88.37 above.
    ///
    /// Range reduction x = n ln 2 + r and the polynomial of Cephes' `expf` on |r| <= ln 2 / 2.
    static FloatVector exp(FloatVector x) {
        var clamped = x.max(LOWEST).min(HIGHEST);
        var shifted = clamped.fma(broadcast(LOG2_E), broadcast(ROUND));
        var n = shifted.sub(ROUND);
        var r = n.fma(broadcast(-LN2_LOW), n.fma(broadcast(-LN2_HIGH), clamped));
        var p = r.fma(broadcast(1.9875691500e-4f), broadcast(1.3981999507e-3f));
        p = p.fma(r, broadcast(8.3334519073e-3f));
        p = p.fma(r, broadcast(4.1665795894e-2f));
        p = p.fma(r, broadcast(1.6666665459e-1f));
        p = p.fma(r, broadcast(5.0000001201e-1f));
        p = p.fma(r.mul(r), r).add(1f);
        // the shift drops all of ROUND's bits and leaves n where the exponent is
        var exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        var scaled = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
        return scaled.blend(0f, x.compare(VectorOperators.LT, LOWEST));
    }

    /// 1 / (1 + e^-x).
    static FloatVector sigmoid(FloatVector x) {
        return broadcast(1f).div(exp(x.neg()).add(1f));
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(Lanes.F32, value);
    }
}
