package dev.ridgeline.op;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DitherTest {
    private static final int MANY = 1 << 20;
    private static final float KEY = Dither.key(7, 3);

    /// A coin of probability p thrown n times has a standard deviation of sqrt(n p (1 - p)); 5 of
    /// them are exceeded once in two million.
    @ParameterizedTest
    @ValueSource(floats = {1.001f, 1.0039f, -3.3f, 1e-3f, 1e-40f, 65537.5f})
    void the_mean_of_many_is_the_value(float value) {
        double below = Math.abs(cut(value));
        double step = Math.abs(next(cut(value))) - below;
        double share = (Math.abs(value) - below) / step;
        int up = 0;
        for (int i = 0; i < MANY; i++) {
            double rounded = Math.abs(Dither.round(value, KEY, i));
            assertThat(rounded == below || rounded == below + step).isTrue();
            if (rounded > below) up++;
        }
        double expected = share * MANY;
        assertThat((double) up)
                .isBetween(
                        expected - 5 * Math.sqrt(expected * (1 - share)) - 16,
                        expected + 5 * Math.sqrt(expected * (1 - share)) + 16);
    }

    @Test
    void the_same_element_is_rounded_both_ways_in_the_course_of_steps() {
        float half = 1 + 0x1p-8f;
        int up = 0;
        for (int step = 0; step < MANY; step++)
            if (Dither.round(half, Dither.key(1, step), 5) > 1) up++;
        assertThat(up).isBetween(MANY / 2 - 2560, MANY / 2 + 2560);
    }

    /// Neighbours in number, in step and across 2^32 fall independently: each of the four outcomes
    /// of a pair is as likely.
    @Test
    void neighbours_do_not_follow_each_other() {
        int[][] pairs = new int[3][4];
        float half = 1 + 0x1p-8f;
        float other = Dither.key(7, 4);
        for (int i = 0; i < MANY; i++) {
            int here = up(half, KEY, i);
            pairs[0][2 * here + up(half, KEY, i + 1)]++;
            pairs[1][2 * here + up(half, other, i)]++;
            pairs[2][2 * here + up(half, KEY, i + (1L << 32))]++;
        }
        // 5 standard deviations of sqrt(n · 1/4 · 3/4)
        for (int[] kind : pairs)
            for (int count : kind) assertThat(count).isBetween(MANY / 4 - 2217, MANY / 4 + 2217);
    }

    private static int up(float value, float key, long element) {
        return Dither.round(value, key, element) > 1 ? 1 : 0;
    }

    @Test
    void what_bf16_has_stays_what_it_is() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = DType.fromBf16((short) bits);
            float rounded = Dither.round(value, KEY, bits);
            assertThat(Float.floatToIntBits(rounded)).isEqualTo(Float.floatToIntBits(value));
        }
    }

    @Test
    void keys_are_whole_numbers_that_f32_holds() {
        for (long step = 0; step < 1000; step++)
            assertThat(Dither.key(-1, step)).isBetween(0f, 0x1p24f - 1);
    }

    private static float cut(float value) {
        return Float.intBitsToFloat(Float.floatToIntBits(value) & 0xffff0000);
    }

    private static float next(float value) {
        return Float.intBitsToFloat(Float.floatToIntBits(value) + 0x10000);
    }
}
