package dev.ridgeline.report;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Locale;

class SiTest {
    @ParameterizedTest
    @CsvSource({
        "1.2341e-3, 1.234 ms",
        "0.9999996, 1.000 s",
        "0.99994, 999.9 ms",
        "12.345, 12.35 s",
        "123456, 123.5 ks",
        "4.2e-7, 420.0 ns",
        "3e-12, 0.003000 ns",
        "0, 0 s",
    })
    void seconds_have_four_digits_and_a_prefix(double seconds, String text) {
        assertThat(Si.seconds(seconds)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "231.49e9, flop/s, 231 GFLOP/s",
        "1.5e12, flop/s, 1.50 TFLOP/s",
        "999.9e9, flop/s, 1.00 TFLOP/s",
        "27.14e9, byte/s, 27.1 GB/s",
    })
    void rates_have_three_digits(double value, String unit, String text) {
        assertThat(Si.rate(value, unit)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0.914, 91 %", "0.0814, 8.1 %", "0.0999, 10 %", "0.0004, 0.04 %", "-0.05, -5.0 %"})
    void percents_are_short(double share, String text) {
        assertThat(Si.percent(share)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0, 0 B", "1023, 1023 B", "1024, 1.0 KiB", "25000000000, 23.3 GiB"})
    void memory_is_binary(long bytes, String text) {
        assertThat(Si.binaryBytes(bytes)).isEqualTo(text);
    }

    @Test
    void numbers_are_the_same_in_every_language() {
        var before = Locale.getDefault();
        var english = everything();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            assertThat(everything()).isEqualTo(english);
        } finally {
            Locale.setDefault(before);
        }
    }

    private static String everything() {
        return HtmlReport.of(HtmlReportTest.SOURCES, 0)
                + Table.of(Samples.suite(), 100, UTF_8)
                + ComparisonTable.of(
                        Comparison.of(Samples.suite(), Samples.suite(2, 1.1), 0), UTF_8)
                + Format.MARKDOWN.of(Samples.suite())
                + Format.CSV.of(Samples.suite());
    }
}
