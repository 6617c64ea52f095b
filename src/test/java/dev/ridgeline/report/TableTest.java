package dev.ridgeline.report;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableTest {
    @ParameterizedTest
    @ValueSource(ints = {80, 100, 120})
    void fits(int width) {
        assertThat(Table.of(Samples.suite(), width, UTF_8).lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(width));
    }

    @Test
    void shows_what_a_row_is_and_what_was_found() {
        assertThat(Table.of(Samples.suite(), 120, UTF_8))
                .containsPattern(
                        "nt 512x512x512 +f32 +cpu_packed +2\\.\\d+ ms +±\\d\\.\\d % +1\\d\\d"
                                + " GFLOP/s +94 % a +0\\.\\d\\d 1\n")
                .containsPattern("5\\.\\d+ ms +±15 % .* noisy\n")
                .containsPattern("a +fma f32, 1 thread +119 GFLOP/s +±0.5 %\n")
                .contains("1  every element against the f64 reference\n");
    }

    @Test
    void says_why_a_row_was_not_measured() {
        assertThat(Table.of(Samples.suite(), 80, UTF_8))
                .containsPattern("cpu_prepacked +refused \\(1\\)\n")
                .contains("(1) takes f32 only, not bf16\n")
                .containsPattern("cpu_packed +wrong \\(2\\)\n");
    }

    @Test
    void rows_of_an_op_stand_together() {
        var lines = Table.of(Samples.suite(), 100, UTF_8).lines().toList();
        assertThat(lines.stream().filter(l -> l.startsWith("attention b x h"))).hasSize(1);
        assertThat(lines.stream().filter(l -> l.startsWith("gemm m x n x k"))).hasSize(2);
    }

    @Test
    void a_terminal_without_unicode_gets_ascii() {
        var row = Samples.row("a", 4e-6, 0.01);
        assertThat(Table.of(Samples.of(row), 80, US_ASCII)).isASCII().contains("4.000 us  +-1.0 %");
    }

    @Test
    void a_file_without_rows_is_a_header() {
        assertThat(Table.of(Samples.of(), 80, UTF_8).strip()).startsWith("shape").hasLineCount(1);
    }

    @Test
    void a_comparison_shows_both_and_the_sum() {
        var before = Samples.of(Samples.row("a", 1e-3, 0.01), Samples.row("b", 1e-3, 0.01));
        var after = Samples.of(Samples.row("a", 2e-3, 0.01), Samples.row("c", 1e-3, 0.01));
        assertThat(ComparisonTable.of(Comparison.of(before, after, 0), UTF_8))
                .containsPattern("1\\.000 ms +2\\.000 ms +0\\.500 +0\\.490 to 0\\.510 +slower\n")
                .contains("only in the first: b\n", "only in the second: c\n")
                .contains("1 row compared: 1 slower, 0 faster, 0 same, 0 unclear; 100 % differ\n")
                .endsWith("1 row got slower.\n");
    }
}
