package dev.ridgeline.hardware;

import static dev.ridgeline.hardware.Precision.BF16;
import static dev.ridgeline.hardware.Precision.E2M1;
import static dev.ridgeline.hardware.Precision.E4M3;
import static dev.ridgeline.hardware.Precision.F16;
import static dev.ridgeline.hardware.Precision.F32;
import static dev.ridgeline.hardware.Precision.INT8;
import static dev.ridgeline.hardware.Precision.TF32;
import static dev.ridgeline.hardware.Quantity.ANNOUNCED_MEMORY;
import static dev.ridgeline.hardware.Quantity.L2;
import static dev.ridgeline.hardware.Quantity.MEMORY;
import static dev.ridgeline.hardware.Quantity.MEMORY_BANDWIDTH;
import static dev.ridgeline.hardware.Quantity.NVLINK;
import static dev.ridgeline.hardware.Quantity.POWER;
import static dev.ridgeline.hardware.Quantity.SMS;
import static dev.ridgeline.hardware.Quantity.TENSOR_CLOCK;
import static dev.ridgeline.hardware.Quantity.TENSOR_RATE;
import static dev.ridgeline.hardware.Quantity.VISIBLE_MEMORY;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

class CatalogTest {
    private static final Catalog CATALOG = Catalog.load();

    static List<Sku> skus() {
        return CATALOG.skus();
    }

    private static double peak(String id, Precision precision) {
        return CATALOG.sku(id).orElseThrow().peak(precision).orElseThrow().value();
    }

    private static double figure(String id, Quantity quantity) {
        return CATALOG.sku(id).orElseThrow().figure(quantity).orElseThrow().value();
    }

    @ParameterizedTest
    @CsvSource({
        "v100-sxm2-16gb, F16, 125e12",
        "a100-sxm4-80gb, BF16, 312e12",
        "h100-sxm5-80gb, BF16, 989e12",
        "h100-sxm5-80gb, E4M3, 1979e12",
        "h100-pcie-80gb, BF16, 756e12",
        "h200-sxm-141gb, BF16, 989e12",
        "b200-sxm, BF16, 2250e12",
        "b200-sxm, E2M1, 9000e12",
        "gb200, BF16, 2500e12",
        "gb300, E2M1, 15000e12",
        "rtx-5090, BF16, 209.5e12",
        "rtx-pro-6000-workstation, BF16, 503.8e12",
        "rubin, BF16, 4000e12",
        "rubin, E4M3, 17500e12"
    })
    void peaks_are_the_dense_ones(String id, Precision precision, double flops) {
        assertThat(peak(id, precision)).isEqualTo(flops);
    }

    @ParameterizedTest
    @CsvSource({
        "v100-sxm2-32gb, 32, 0.9e12",
        "a100-sxm4-40gb, 40, 1.555e12",
        "h100-sxm5-80gb, 80, 3.35e12",
        "h200-sxm-141gb, 141, 4.8e12",
        "gh200-96gb, 96, 4.0e12",
        "b200-sxm, 180, 8.0e12",
        "gb200, 186, 8.0e12",
        "gb300, 288, 8.0e12",
        "rtx-5090, 32, 1.792e12",
        "rubin, 288, 22e12"
    })
    void memory_is_what_ships(String id, double gib, double bandwidth) {
        assertThat(figure(id, MEMORY)).isEqualTo(gib * (1 << 30));
        assertThat(figure(id, MEMORY_BANDWIDTH)).isEqualTo(bandwidth);
    }

    @Test
    void an_announced_capacity_is_not_the_shipped_one() {
        assertThat(figure("b200-sxm", ANNOUNCED_MEMORY) / (1 << 30)).isEqualTo(192);
        assertThat(figure("b200-sxm", ANNOUNCED_MEMORY) / figure("h100-sxm5-80gb", MEMORY))
                .isEqualTo(2.4, within(1e-12));
        assertThat(figure("b200-sxm", MEMORY) / figure("h100-sxm5-80gb", MEMORY))
                .isEqualTo(2.25, within(1e-12));
    }

    @Test
    void generations_compare_as_worked_out_by_hand() {
        assertThat(peak("b200-sxm", BF16) / peak("h100-sxm5-80gb", BF16))
                .isEqualTo(2.275, within(0.001));
        assertThat(peak("gb200", E2M1) / peak("h100-sxm5-80gb", E4M3))
                .isEqualTo(5.05, within(0.01));
        assertThat(peak("rubin", E2M1) / peak("gb200", E2M1)).isEqualTo(3.5);
        assertThat(figure("rubin", MEMORY_BANDWIDTH) / figure("gb300", MEMORY_BANDWIDTH))
                .isEqualTo(2.75);
        assertThat(figure("gb300", NVLINK) / figure("h100-sxm5-80gb", NVLINK)).isEqualTo(2);
        assertThat(figure("gb300", POWER)).isEqualTo(1400);
    }

    @Test
    void h100_is_132_sms_of_4096_flop_per_clock_at_1830_mhz() {
        assertThat(132 * 4096 * 1.83e9)
                .isCloseTo(peak("h100-sxm5-80gb", BF16), withPercentage(0.5));
        assertThat(figure("h100-sxm5-80gb", TENSOR_CLOCK)).isEqualTo(1.83e9);
    }

    @Test
    void a_rate_per_clock_belongs_to_the_sku_not_to_the_compute_capability() {
        var geforce = CATALOG.sku("rtx-5090").orElseThrow();
        var workstation = CATALOG.sku("rtx-pro-6000-workstation").orElseThrow();
        assertThat(geforce.computeCapability()).isEqualTo(workstation.computeCapability());
        assertThat(figure("rtx-pro-6000-workstation", TENSOR_RATE))
                .isEqualTo(2 * figure("rtx-5090", TENSOR_RATE));
    }

    @ParameterizedTest
    @MethodSource("skus")
    void sms_times_rate_times_clock_is_the_tensor_peak(Sku sku) {
        if (sku.figure(TENSOR_CLOCK).isEmpty()) return;
        double product =
                Stream.of(SMS, TENSOR_RATE, TENSOR_CLOCK)
                        .mapToDouble(q -> sku.figure(q).orElseThrow().value())
                        .reduce(1, (a, b) -> a * b);
        assertThat(product).isCloseTo(sku.peak(F16).orElseThrow().value(), withPercentage(0.5));
    }

    @ParameterizedTest
    @MethodSource("skus")
    void a_derived_figure_is_what_its_formula_gives(Sku sku) {
        Stream.concat(sku.peaks().values().stream(), sku.figures().values().stream())
                .filter(f -> f.formula().isPresent())
                .forEach(
                        f ->
                                assertThat(evaluate(f.formula().get()))
                                        .as(f.toString())
                                        .isCloseTo(f.value(), withPercentage(0.3)));
    }

    /// Products and quotients, from left to right.
    private static double evaluate(String formula) {
        var parts = formula.split(" ");
        double value = Double.parseDouble(parts[0]);
        for (int i = 1; i < parts.length; i += 2) {
            double next = Double.parseDouble(parts[i + 1]);
            switch (parts[i]) {
                case "*" -> value *= next;
                case "/" -> value /= next;
                default -> throw new IllegalArgumentException(formula);
            }
        }
        return value;
    }

    /// Structured sparsity doubles a rate, so a sparse figure among dense ones breaks these.
    @ParameterizedTest
    @MethodSource("skus")
    void ratios_between_precisions_leave_no_room_for_sparsity(Sku sku) {
        var p = sku.peaks();
        if (p.containsKey(BF16)) assertThat(p.get(F16).value()).isEqualTo(p.get(BF16).value());
        if (p.containsKey(TF32))
            assertThat(p.get(BF16).value() / p.get(TF32).value()).isEqualTo(2, within(0.01));
        if (p.containsKey(INT8) && p.containsKey(E4M3))
            assertThat(p.get(INT8).value()).isEqualTo(p.get(E4M3).value());
        boolean rubin = sku.generation() == Generation.RUBIN;
        if (p.containsKey(BF16) && p.containsKey(E4M3))
            assertThat(p.get(E4M3).value() / p.get(BF16).value())
                    .isEqualTo(rubin ? 4.375 : 2, within(0.01));
        if (p.containsKey(E4M3) && p.containsKey(E2M1))
            assertThat(p.get(E2M1).value() / p.get(E4M3).value())
                    .isEqualTo(fp4OverFp8(sku), within(0.01));
        if (p.containsKey(F32) && p.containsKey(F16))
            assertThat(p.get(F32).value()).isLessThan(p.get(F16).value());
    }

    /// Blackwell Ultra's FP4 is half as fast again as Blackwell's. A GeForce accumulates FP8 in f32
    /// at half its rate, and FP4 at the whole.
    private static double fp4OverFp8(Sku sku) {
        if (sku.id().startsWith("rtx-5")) return 4;
        return sku.computeCapability().equals(Optional.of(new ComputeCapability(10, 3))) ? 3 : 2;
    }

    @ParameterizedTest
    @MethodSource("skus")
    void every_figure_says_where_it_is_from(Sku sku) {
        Stream.concat(sku.peaks().values().stream(), sku.figures().values().stream())
                .forEach(f -> assertThat(f.source()).as(f.toString()).hasSizeGreaterThan(10));
        assertThat(sku.ship().source()).isNotBlank();
        assertThat(sku.ship().date()).containsPattern("20\\d\\d");
        sku.peaks().forEach((p, f) -> assertThat(f.unit()).isEqualTo(p.unit()));
        sku.figures().forEach((q, f) -> assertThat(f.unit()).isEqualTo(q.unit()));
    }

    @ParameterizedTest
    @MethodSource("skus")
    void figures_are_of_a_plausible_size(Sku sku) {
        sku.peaks().values().forEach(f -> assertThat(f.value()).isBetween(1e13, 5e16));
        between(sku, SMS, 80, 200);
        between(sku, MEMORY, 16e9, 1.2e12);
        between(sku, MEMORY_BANDWIDTH, 0.9e12, 32e12);
        between(sku, L2, 6e6, 140e6);
        between(sku, NVLINK, 300e9, 3600e9);
        between(sku, Quantity.HOST_LINK, 15e9, 900e9);
        between(sku, POWER, 300, 2300);
        sku.figure(VISIBLE_MEMORY)
                .ifPresent(
                        f ->
                                assertThat(f.value() / sku.figure(MEMORY).orElseThrow().value())
                                        .isBetween(0.98, 1.0));
    }

    private static void between(Sku sku, Quantity quantity, double least, double most) {
        sku.figure(quantity).ifPresent(f -> assertThat(f.value()).isBetween(least, most));
    }

    @ParameterizedTest
    @MethodSource("skus")
    void what_does_not_ship_has_no_figure_that_claims_it_does(Sku sku) {
        if (sku.status() == Sku.Status.SHIPPED) {
            assertThat(sku.deviceNames()).isNotEmpty();
            assertThat(sku.computeCapability()).isPresent();
        } else {
            assertThat(sku.deviceNames()).isEmpty();
            assertThat(sku.peaks().values())
                    .noneMatch(f -> f.trust() == Figure.Trust.VENDOR)
                    .noneMatch(f -> f.trust() == Figure.Trust.MEASURED);
        }
        sku.computeCapability()
                .ifPresent(cc -> assertThat(Generation.of(cc)).contains(sku.generation()));
    }

    @Test
    void a_missing_figure_is_absent() {
        var feynman = CATALOG.sku("feynman").orElseThrow();
        assertThat(feynman.peaks()).isEmpty();
        assertThat(feynman.peak(BF16)).isEmpty();
        assertThat(feynman.roofline(BF16)).isEmpty();
        assertThat(CATALOG.sku("v100-sxm2-16gb").orElseThrow().peak(BF16)).isEmpty();
    }

    @Test
    void the_catalog_runs_from_volta_to_feynman() {
        assertThat(skus()).extracting(Sku::id).doesNotHaveDuplicates().hasSizeGreaterThan(20);
        assertThat(skus().stream().map(Sku::generation).distinct())
                .containsExactly(
                        Generation.VOLTA,
                        Generation.AMPERE,
                        Generation.HOPPER,
                        Generation.BLACKWELL,
                        Generation.RUBIN,
                        Generation.FEYNMAN);
        assertThat(skus()).isSortedAccordingTo((a, b) -> a.generation().compareTo(b.generation()));
        assertThat(CATALOG.sku("h101")).isEmpty();
    }

    @Test
    void each_compute_capability_has_one_generation() {
        var all =
                Arrays.stream(Generation.values())
                        .flatMap(g -> g.computeCapabilities().stream())
                        .toList();
        assertThat(all).doesNotHaveDuplicates();
        assertThat(Generation.of(ComputeCapability.of("12.0"))).contains(Generation.BLACKWELL);
        assertThat(Generation.of(ComputeCapability.of("6.1"))).isEmpty();
        assertThatThrownBy(() -> ComputeCapability.of("sm_90"))
                .hasMessage("a compute capability is written 9.0, not \"sm_90\"");
    }

    @Test
    void a_printed_roofline_comes_from_the_sku() {
        var roofline = CATALOG.sku("h100-sxm5-80gb").orElseThrow().roofline(BF16).orElseThrow();
        assertThat(roofline.ridge()).isEqualTo(989e12 / 3.35e12, within(1e-9));
    }
}
