package dev.ridgeline.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Against the tables of the OCP 8-bit Floating Point Specification, and each rounding against all
/// 256 values.
class Float8Test {
    @ParameterizedTest
    @CsvSource({
        "E4M3, 00, 0",
        "E4M3, 01, 0x1p-9",
        "E4M3, 07, 0x1.cp-7",
        "E4M3, 08, 0x1p-6",
        "E4M3, 38, 1",
        "E4M3, 7e, 448",
        "E4M3, fe, -448",
        "E4M3, 7f, NaN",
        "E4M3, ff, NaN",
        "E5M2, 01, 0x1p-16",
        "E5M2, 03, 0x1.8p-15",
        "E5M2, 04, 0x1p-14",
        "E5M2, 3c, 1",
        "E5M2, 7b, 57344",
        "E5M2, 7c, Infinity",
        "E5M2, fc, -Infinity",
        "E5M2, 7d, NaN",
        "E5M2, ff, NaN"
    })
    void bits_mean_what_the_specification_says(Float8 type, String bits, String value) {
        assertThat(type.widen((byte) Integer.parseInt(bits, 16))).isEqualTo(Float.valueOf(value));
    }

    @ParameterizedTest
    @EnumSource
    void every_value_rounds_to_itself(Float8 type) {
        for (int bits = 0; bits < 256; bits++) {
            float value = type.widen((byte) bits);
            if (Float.isFinite(value)) assertThat(type.round(value)).isEqualTo((byte) bits);
        }
    }

    @ParameterizedTest
    @EnumSource
    void what_lies_between_two_goes_to_the_nearer_and_from_the_middle_to_the_even(Float8 type) {
        int largest = type == Float8.E4M3 ? 0x7e : 0x7b;
        for (int bits = 0; bits < largest; bits++) {
            float low = type.widen((byte) bits);
            float high = type.widen((byte) (bits + 1));
            float middle = (low + high) / 2;
            int even = bits % 2 == 0 ? bits : bits + 1;
            assertThat(type.round(middle)).isEqualTo((byte) even);
            assertThat(type.round(Math.nextDown(middle))).isEqualTo((byte) bits);
            assertThat(type.round(Math.nextUp(middle))).isEqualTo((byte) (bits + 1));
            assertThat(type.round(-Math.nextUp(middle))).isEqualTo((byte) (bits + 1 | 0x80));
        }
    }

    @Test
    void what_is_too_large_is_the_largest() {
        for (float x : new float[] {449, 1e9f, Float.POSITIVE_INFINITY}) {
            assertThat(Float8.E4M3.round(x)).isEqualTo((byte) 0x7e);
            assertThat(Float8.E4M3.round(-x)).isEqualTo((byte) 0xfe);
        }
        assertThat(Float8.E5M2.round(Float.POSITIVE_INFINITY)).isEqualTo((byte) 0x7b);
        assertThat(Float8.E5M2.round(Float.NaN)).isEqualTo((byte) 0x7f);
        assertThat(Float8.E4M3.round(Float.NaN)).isEqualTo((byte) 0x7f);
    }
}
