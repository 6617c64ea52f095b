package dev.ridgeline.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HashMap;
import java.util.List;

/// Names as drivers report them, from NVIDIA's list of supported devices.
class DeviceNameTest {
    private static final Catalog CATALOG = Catalog.load();

    @ParameterizedTest
    @CsvSource({
        "Tesla V100-SXM2-16GB, 16160, v100-sxm2-16gb",
        "Tesla V100-SXM2-32GB, 32510, v100-sxm2-32gb",
        "A100-SXM4-40GB, 40536, a100-sxm4-40gb",
        "NVIDIA A100-SXM4-40GB, 40960, a100-sxm4-40gb",
        "NVIDIA A100-SXM4-80GB, 81920, a100-sxm4-80gb",
        "NVIDIA A100 80GB PCIe, 81920, a100-pcie-80gb",
        "NVIDIA H100 80GB HBM3, 81559, h100-sxm5-80gb",
        "NVIDIA H100 PCIe, 81559, h100-pcie-80gb",
        "NVIDIA H200, 143771, h200-sxm-141gb",
        "NVIDIA GH200 480GB, 97871, gh200-96gb",
        "NVIDIA GH200 120GB, 97871, gh200-96gb",
        "NVIDIA GH200 144G HBM3e, 146831, gh200-144gb",
        "NVIDIA B200, 183359, b200-sxm",
        "NVIDIA GB200, 189471, gb200",
        "NVIDIA B300 SXM6 AC, 275040, b300-sxm",
        "NVIDIA GB300, 284208, gb300",
        "NVIDIA GeForce RTX 5090, 32607, rtx-5090",
        "NVIDIA RTX PRO 6000 Blackwell Workstation Edition, 97887, rtx-pro-6000-workstation",
        "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition, 97887, rtx-pro-6000-max-q",
        "NVIDIA RTX PRO 6000 Blackwell Server Edition, 97887, rtx-pro-6000-server"
    })
    void a_known_name_finds_its_sku(String deviceName, long mebibytes, String id) {
        assertThat(CATALOG.find(deviceName).map(Sku::id)).contains(id);
        assertThat(CATALOG.find(deviceName, mebibytes << 20).map(Sku::id)).contains(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "NVIDIA H100",
                "NVIDIA H100 NVL",
                "NVIDIA H100 80GB HBM3 MIG 1g.10gb",
                "NVIDIA H200 NVL",
                "NVIDIA H800",
                "NVIDIA H20",
                "NVIDIA A100-PCIE-40GB",
                "NVIDIA A100-SXM-64GB",
                "NVIDIA A800-SXM4-80GB",
                "Tesla V100-PCIE-16GB",
                "Tesla V100-SXM3-32GB",
                "Tesla T4",
                "NVIDIA L40S",
                "NVIDIA GeForce RTX 4090",
                "NVIDIA GeForce RTX 5090 D",
                "NVIDIA GeForce RTX 5090 Laptop GPU",
                "NVIDIA RTX PRO 5000 Blackwell",
                "NVIDIA GB10",
                "AMD Instinct MI300X",
                "NVIDIA",
                ""
            })
    void an_unknown_name_is_not_guessed(String deviceName) {
        assertThat(CATALOG.find(deviceName)).isEmpty();
    }

    @Test
    void memory_that_does_not_fit_the_part_is_another_part() {
        assertThat(CATALOG.find("NVIDIA GB300", 252L << 30)).isEmpty();
        assertThat(CATALOG.find("NVIDIA H100 80GB HBM3", 10L << 30)).isEmpty();
        assertThat(CATALOG.find("NVIDIA H100 80GB HBM3", 96L << 30)).isEmpty();
    }

    @Test
    void a_name_that_two_parts_share_is_told_apart_by_memory() {
        var small = CATALOG.sku("v100-sxm2-16gb").orElseThrow();
        var large = CATALOG.sku("v100-sxm2-32gb").orElseThrow();
        var catalog =
                new Catalog(List.of(renamed(small, "Tesla V100"), renamed(large, "Tesla V100")));
        assertThat(catalog.find("Tesla V100")).isEmpty();
        assertThat(catalog.find("tesla  v100", 16L << 30).map(Sku::id)).contains(small.id());
        assertThat(catalog.find("Tesla V100", 32L << 30).map(Sku::id)).contains(large.id());
    }

    private static Sku renamed(Sku sku, String deviceName) {
        return new Sku(
                sku.id(),
                sku.name(),
                sku.generation(),
                sku.computeCapability(),
                sku.status(),
                sku.ship(),
                List.of(deviceName),
                sku.note(),
                sku.peaks(),
                sku.figures());
    }

    @Test
    void no_two_parts_share_a_name_without_differing_in_memory() {
        var owners = new HashMap<String, Sku>();
        for (var sku : CATALOG.skus())
            for (var name : sku.deviceNames()) assertThat(owners.put(name, sku)).isNull();
    }
}
