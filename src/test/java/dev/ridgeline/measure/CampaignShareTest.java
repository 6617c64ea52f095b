package dev.ridgeline.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.measure.workload.StreamWorkloads;
import dev.ridgeline.op.Cost;

import org.junit.jupiter.api.Test;

import java.util.List;

/// Shares against ceilings that were recorded, so that the arithmetic can be checked.
class CampaignShareTest {
    private static final Protocol PROTOCOL = new Protocol(0, 0.02, 0.01, 2, true, 1);

    private static final Workload<?> ROW = StreamWorkloads.copy(1, 1);

    /// Ceilings of two rounds: compute 100 and then 200 flop/s, memory 10 and then 20 byte/s.
    private static Ceilings ceilings(Site site) {
        return new Ceilings(
                List.of(site),
                PROTOCOL,
                name ->
                        name.startsWith("fma")
                                ? List.of(new double[] {100}, new double[] {200})
                                : name.contains("triad")
                                        ? List.of(new double[] {10}, new double[] {20})
                                        : List.of(new double[] {1}, new double[] {2}));
    }

    @Test
    void a_row_is_compared_with_the_roof_that_binds_it_round_by_round() {
        try (var device = new CpuDevice("cpu", 1, 64 << 20)) {
            var site = new Site(device, 1);
            var ceilings = ceilings(site);
            assertThat(ceilings.missing()).isEmpty();
            var seconds = List.of(new double[] {1, 1}, new double[] {1, 1});

            var compute =
                    ceilings.share(site, ROW, new Cost(60, 1, ""), false, seconds).orElseThrow();
            assertThat(compute.ceiling()).isEqualTo("fma f32, 1 thread");
            assertThat(compute.value()).isEqualTo((0.6 + 0.3) / 2);

            var memory =
                    ceilings.share(site, ROW, new Cost(1, 8, ""), false, seconds).orElseThrow();
            assertThat(memory.ceiling()).isEqualTo("stream triad, 1 thread");
            assertThat(memory.value()).isEqualTo((0.8 + 0.4) / 2);
        }
    }

    @Test
    void what_stays_in_the_cache_is_compared_with_compute_only() {
        try (var device = new CpuDevice("cpu", 1, 64 << 20)) {
            var site = new Site(device, 1);
            var share =
                    ceilings(site)
                            .share(site, ROW, new Cost(1, 8, ""), true, List.of(new double[] {1}))
                            .orElseThrow();
            assertThat(share.ceiling()).isEqualTo("fma f32, 1 thread");
            assertThat(share.value()).isEqualTo(0.01);
        }
    }
}
