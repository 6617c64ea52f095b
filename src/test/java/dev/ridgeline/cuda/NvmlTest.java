package dev.ridgeline.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;

class NvmlTest {
    @Test
    void names_what_slows_a_clock_and_not_that_it_idles() {
        assertThat(Nvml.reasons(0)).isEmpty();
        assertThat(Nvml.reasons(0x1)).isEmpty();
        assertThat(Nvml.reasons(0x1 | 0x4 | 0x40)).containsExactly("power cap", "hardware thermal");
    }

    @Test
    void sums_up_what_was_seen() {
        var facts =
                GpuWatch.facts(
                        "cuda:0",
                        List.of(
                                state(1.9e9, 100, List.of()),
                                state(1.7e9, 160, List.of("power cap")),
                                state(1.8e9, 220, List.of("power cap")),
                                state(1.8e9, 280, List.of())));
        assertThat(facts)
                .containsEntry("cuda:0.hertz.min", 1.7e9)
                .containsEntry("cuda:0.hertz.median", 1.8e9)
                .containsEntry("cuda:0.hertz.max", 1.9e9)
                .containsEntry("cuda:0.joules", 180.0)
                .containsEntry("cuda:0.slowed", "power cap in 50 % of 4 looks");
    }

    @Test
    void says_nothing_of_what_a_part_does_not_tell() {
        var unknown = GpuWatch.facts("cuda:0", List.of(state(1e9, 1, List.of())));
        assertThat(unknown)
                .containsEntry("cuda:0.slowed", "never")
                .doesNotContainKeys("cuda:0.watts.median", "cuda:0.celsius.max", "cuda:0.joules");
        assertThat(GpuWatch.facts("cuda:0", List.of())).isEmpty();
    }

    @Test
    void tells_of_a_row_in_one_sentence() {
        assertThat(
                        GpuWatch.sentence(
                                List.of(
                                        state(1.9e9, 1, List.of()),
                                        state(1.7e9, 2, List.of("power cap")))))
                .isEqualTo("1.900 GHz, slowed: power cap in 50 % of 2 looks");
    }

    private static GpuState state(double hertz, double joules, List<String> slowed) {
        return new GpuState(
                Optional.of(hertz),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(joules),
                Optional.empty(),
                slowed,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }
}
