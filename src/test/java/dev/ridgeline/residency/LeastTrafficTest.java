package dev.ridgeline.residency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeastTrafficTest {
    /// What decides between equal savings, and so moves the prices that the bound is taken from.
    private static final double TIES = 2e-4;

    /// The same value as another solver finds for the same program, and never more.
    @ParameterizedTest
    @CsvSource({
        "gpt2, 75", "gpt2, 50", "gpt2, 35", "gpt2, 20",
        "llama, 75", "llama, 50", "llama, 35", "llama, 20",
        "mixture, 75", "mixture, 50", "mixture, 35", "mixture, 20"
    })
    void it_is_the_programs_value(String model, int percent) {
        var trace = CappedModels.variant(model, 1).trace();
        long cap = trace.bytes() * percent / 100;
        double value = new TrafficProgram(trace).within(cap);
        assertThat(new LeastTraffic(trace).within(cap).orElseThrow())
                .isLessThanOrEqualTo(value * (1 + 1e-9))
                .isGreaterThan(value * (1 - TIES));
    }

    /// From one capacity to another and back, as from the start; and what it keeps comes to it.
    @Test
    void one_solution_begins_where_another_ended() {
        var trace = CappedModels.variant("llama", 1).trace();
        var warm = new LeastTraffic(trace);
        for (int percent : new int[] {75, 20, 50, 35, 75}) {
            long cap = trace.bytes() * percent / 100;
            double least = warm.within(cap).orElseThrow();
            assertThat(least)
                    .isCloseTo(
                            new LeastTraffic(trace).within(cap).orElseThrow(),
                            within(TIES * least));
            var kept =
                    new Retention(trace, new double[trace.ops().size()]).leastTraffic(warm, cap, 1);
            assertThat((double) moved(kept)).isBetween(least, least * (1 + TIES) + 64);
        }
    }

    private static long moved(Retention kept) {
        return kept.stays().stream()
                .mapToLong(
                        s ->
                                kept.trace().pieces().get(s.piece()).bytes()
                                        * ((s.fetched() ? 1 : 0) + (s.stored() ? 1 : 0)))
                .sum();
    }

    @Test
    void an_op_that_does_not_fit_has_no_least() {
        var trace = CappedModels.variant("gpt2", 1).trace();
        assertThat(new LeastTraffic(trace).within(1000)).isEmpty();
        assertThat(new LeastTraffic(trace).within(trace.bytes()).orElseThrow()).isZero();
    }
}
