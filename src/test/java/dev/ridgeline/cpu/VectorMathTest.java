package dev.ridgeline.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.api.Test;

import java.util.function.UnaryOperator;

class VectorMathTest {
    /// One in a few hundred of all floats of the range, so that every exponent has thousands.
    private static final int STRIDE = 499;

    @Test
    void exp_is_within_one_ulp_over_its_whole_range() {
        assertThat(worstUlps(VectorMath::exp, VectorMath.LOWEST, VectorMath.HIGHEST))
                .isBetween(0.5, 1.0);
    }

    @Test
    void bounded_exp_is_exp() {
        for (float x = -100; x <= VectorMath.HIGHEST; x += 0.37f)
            assertThat(each(VectorMath::boundedExp, x)).isEqualTo(each(VectorMath::exp, x));
    }

    @Test
    void exp_of_what_is_out_of_range() {
        assertThat(each(VectorMath::exp, 0f)).isEqualTo(1f);
        assertThat(each(VectorMath::exp, -0f)).isEqualTo(1f);
        for (float x : new float[] {-87.34f, -104f, -1e30f, Float.NEGATIVE_INFINITY})
            assertThat(each(VectorMath::exp, x)).isEqualTo(0f);
        for (float x : new float[] {88.38f, 104f, 1e30f, Float.POSITIVE_INFINITY})
            assertThat(each(VectorMath::exp, x)).isEqualTo(Float.POSITIVE_INFINITY);
        for (int bits : new int[] {0x7fc00000, 0x7fffffff, 0xffffffff, 0x7f800001})
            assertThat(each(VectorMath::exp, Float.intBitsToFloat(bits))).isNaN();
    }

    @Test
    void sigmoid_is_within_two_ulps_until_it_underflows() {
        UnaryOperator<Double> sigmoid = x -> 1 / (1 + Math.exp(-x));
        double worst = 0;
        for (float x = -87; x < 100; x += 0.001f)
            worst = Math.max(worst, ulps(each(VectorMath::sigmoid, x), sigmoid.apply((double) x)));
        assertThat(worst).isBetween(0.5, 2.0);
        assertThat(each(VectorMath::sigmoid, Float.NEGATIVE_INFINITY)).isEqualTo(0f);
        assertThat(each(VectorMath::sigmoid, Float.POSITIVE_INFINITY)).isEqualTo(1f);
    }

    private static double worstUlps(UnaryOperator<FloatVector> f, float low, float high) {
        double worst = 0;
        int lanes = Lanes.COUNT;
        var x = new float[lanes];
        int filled = 0;
        // all floats in order of their bits: the positive ones up, then the negative ones down
        for (long bits = 0; bits <= 0xffffffffL; bits += STRIDE) {
            float value = Float.intBitsToFloat((int) bits);
            if (!(value >= low && value <= high)) continue;
            x[filled++] = value;
            if (filled < lanes) continue;
            filled = 0;
            var y = f.apply(FloatVector.fromArray(Lanes.F32, x, 0));
            for (int i = 0; i < lanes; i++)
                worst = Math.max(worst, ulps(y.lane(i), Math.exp(x[i])));
        }
        return worst;
    }

    private static double ulps(float actual, double exact) {
        return Math.abs(actual - exact) / Math.ulp((float) exact);
    }

    /// `f(x)`, which has to be the same in every lane.
    private static float each(UnaryOperator<FloatVector> f, float x) {
        var y = f.apply(FloatVector.broadcast(Lanes.F32, x));
        for (int i = 1; i < Lanes.COUNT; i++)
            assertThat(Float.floatToRawIntBits(y.lane(i)))
                    .isEqualTo(Float.floatToRawIntBits(y.lane(0)));
        return y.lane(0);
    }
}
