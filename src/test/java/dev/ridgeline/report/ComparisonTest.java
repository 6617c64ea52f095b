package dev.ridgeline.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ridgeline.measure.Protocol;
import dev.ridgeline.report.Comparison.Outcome;
import dev.ridgeline.report.Comparison.Verdict;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;
import java.util.Optional;

class ComparisonTest {
    private static Comparison compare(Row before, Row after, double threshold) {
        return Comparison.of(Samples.of(before), Samples.of(after), threshold);
    }

    @ParameterizedTest
    @CsvSource({
        // the second run takes 1 s; noise is a share
        "1.000, 0.01, 0.01, 0.00, SAME",
        "1.019, 0.01, 0.01, 0.00, SAME",
        "1.030, 0.01, 0.01, 0.00, FASTER",
        "0.970, 0.01, 0.01, 0.00, SLOWER",
        "1.030, 0.01, 0.01, 0.05, SAME",
        "1.060, 0.01, 0.01, 0.05, FASTER",
        "0.940, 0.01, 0.01, 0.05, SLOWER",
        "1.030, 0.04, 0.01, 0.00, UNCLEAR",
        "1.000, 0.01, 0.04, 0.00, UNCLEAR",
        "2.000, 0.10, 0.10, 0.00, FASTER",
    })
    void verdicts(
            double first, double noise, double otherNoise, double threshold, Verdict verdict) {
        var compared =
                compare(Samples.row("a", first, noise), Samples.row("a", 1, otherNoise), threshold);
        assertThat(compared.pairs().getFirst().verdict()).isEqualTo(verdict);
        assertThat(compared.outcome())
                .isEqualTo(
                        switch (verdict) {
                            case SLOWER -> Outcome.REGRESSED;
                            case UNCLEAR -> Outcome.NOT_ENOUGH_EVIDENCE;
                            case SAME, FASTER -> Outcome.PASSED;
                        });
    }

    @Test
    void exit_codes_are_the_documented_ones() {
        assertThat(Outcome.PASSED.exitCode()).isZero();
        assertThat(Outcome.REGRESSED.exitCode()).isEqualTo(1);
        assertThat(Outcome.NOT_ENOUGH_EVIDENCE.exitCode()).isEqualTo(4);
    }

    @Test
    void the_interval_of_the_speed_holds_one_exactly_when_the_intervals_overlap() {
        var apart = compare(Samples.row("a", 1.02, 0.009), Samples.row("a", 1, 0.009), 0);
        var touching = compare(Samples.row("a", 1.02, 0.010), Samples.row("a", 1, 0.010), 0);
        assertThat(apart.pairs().getFirst().speed().low()).isGreaterThan(1);
        assertThat(touching.pairs().getFirst().speed().low()).isLessThan(1);
    }

    @Test
    void a_kernel_that_broke_is_a_regression() {
        var compared =
                compare(
                        Samples.row("a", 1, 0.01),
                        Samples.without("a", Row.Status.WRONG, "element 3 is off"),
                        0);
        assertThat(compared.pairs()).isEmpty();
        assertThat(compared.broken()).extracting(Row::key).containsExactly("a");
        assertThat(compared.outcome()).isEqualTo(Outcome.REGRESSED);
    }

    @Test
    void nothing_in_common_is_no_evidence() {
        var compared = compare(Samples.row("a", 1, 0.01), Samples.row("b", 1, 0.01), 0);
        assertThat(compared.onlyBefore()).extracting(Row::key).containsExactly("a");
        assertThat(compared.onlyAfter()).extracting(Row::key).containsExactly("b");
        assertThat(compared.outcome()).isEqualTo(Outcome.NOT_ENOUGH_EVIDENCE);
    }

    @Test
    void a_run_differs_from_itself_in_no_row() {
        var compared = Comparison.of(Samples.suite(), Samples.suite(), 0);
        assertThat(compared.pairs()).hasSizeGreaterThan(30);
        assertThat(compared.differing()).isZero();
    }

    @Test
    void finds_the_op_that_changed() {
        var compared = Comparison.of(Samples.suite(), Samples.suite(2, 1.2), 0.1);
        assertThat(compared.pairs().stream().filter(p -> p.verdict() == Verdict.FASTER))
                .hasSizeGreaterThan(15)
                .allMatch(p -> p.after().op().equals("gemm"));
        assertThat(compared.count(Verdict.SLOWER)).isZero();
    }

    @Test
    void objects_to_another_protocol_or_device() {
        var file = Samples.suite();
        assertThat(Comparison.objection(file, Samples.suite(2, 1))).isEmpty();
        var hot = new Protocol(0.3, 0.02, 2.5, 3, false, 1);
        assertThat(Comparison.objection(file, with(file, hot, file.devices())))
                .contains("the protocols differ: rounds 5 against 3, cold true against false");
        var other = new ResultFile.DeviceRecord("cpu", "Another", 4, 1, Optional.of(512));
        assertThat(Comparison.objection(file, with(file, file.protocol(), List.of(other))))
                .contains(
                        "cpu is another device: Sample CPU with invented numbers, 256-bit vectors,"
                                + " and then Another, 512-bit vectors");
    }

    private static ResultFile with(
            ResultFile file, Protocol protocol, List<ResultFile.DeviceRecord> devices) {
        return new ResultFile(
                file.schema(),
                file.created(),
                file.argv(),
                file.ridgeline(),
                file.host(),
                devices,
                protocol,
                file.ceilings(),
                file.rows(),
                file.complete());
    }

    @ParameterizedTest
    @CsvSource({"-0.1", "1", "NaN"})
    void refuses_a_threshold_that_is_no_share(double threshold) {
        assertThatThrownBy(() -> Comparison.of(Samples.of(), Samples.of(), threshold))
                .hasMessageContaining("threshold");
    }
}
