package dev.ridgeline.hardware;

import static dev.ridgeline.hardware.Roofline.Ceiling.COMPUTE;
import static dev.ridgeline.hardware.Roofline.Ceiling.MEMORY;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ridgeline.op.Cost;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RooflineTest {
    /// 100 Gflop/s over 20 GB/s: the ridge is at 5 flop/byte.
    private static final Roofline CHIP = new Roofline(100e9, 20e9);

    @Test
    void a_square_product_is_bound_by_compute() {
        // 2·1000³ flop take 20 ms, 3·4 MB take 0.6 ms
        var placement = CHIP.place(new Cost(2e9, 12e6, "2mnk"), 0.025);
        assertThat(placement.ceiling()).isEqualTo(COMPUTE);
        assertThat(placement.floorSeconds()).isEqualTo(0.02, within(1e-15));
        assertThat(placement.fraction()).isEqualTo(0.8, within(1e-12));
    }

    @Test
    void a_copy_is_bound_by_memory() {
        var placement = CHIP.place(new Cost(0, 1e9, "0"), 0.1);
        assertThat(placement.ceiling()).isEqualTo(MEMORY);
        assertThat(placement.floorSeconds()).isEqualTo(0.05, within(1e-15));
        assertThat(placement.fraction()).isEqualTo(0.5, within(1e-12));
    }

    @Test
    void the_ridge_is_where_both_bind() {
        assertThat(CHIP.ridge()).isEqualTo(5);
        assertThat(CHIP.place(new Cost(5, 1, "n"), 1).ceiling()).isEqualTo(COMPUTE);
        assertThat(CHIP.place(new Cost(4.999, 1, "n"), 1).ceiling()).isEqualTo(MEMORY);
    }

    @Test
    void a_run_from_cache_may_pass_the_memory_ceiling() {
        assertThat(CHIP.place(new Cost(0, 20e9, "0"), 0.5).fraction()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void a_ceiling_or_a_time_that_is_none_is_refused(double bad) {
        var cost = new Cost(1, 1, "n");
        assertThatThrownBy(() -> new Roofline(bad, 1)).hasMessageContaining("flop/s, not " + bad);
        assertThatThrownBy(() -> new Roofline(1, bad)).hasMessageContaining("byte/s, not " + bad);
        assertThatThrownBy(() -> CHIP.place(cost, bad)).hasMessageContaining("seconds, not " + bad);
    }
}
