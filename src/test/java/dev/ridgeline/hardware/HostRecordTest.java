package dev.ridgeline.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;

import dev.ridgeline.hardware.HostRecord.Jvm;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class HostRecordTest {
    private static final Jvm JVM =
            new Jvm("OpenJDK 64-Bit Server VM", "Vendor", "25", "G1", 1L << 30, List.of());

    private static HostRecord host(Map<String, String> texts, String architecture, int cores) {
        var files = SampleHosts.files(texts);
        return HostRecord.read(files, Processor.read(files, architecture, cores), JVM, Map.of());
    }

    @Test
    void an_amd_virtual_machine_with_a_quota() {
        var host = host(SampleHosts.amd(), "amd64", 3);
        var cpu = host.processor();
        assertThat(cpu.model()).isEqualTo("AMD EPYC 9B45");
        assertThat(cpu.architecture()).isEqualTo("amd64");
        assertThat(cpu.logicalCores()).contains(4);
        assertThat(cpu.allowedCores()).isEqualTo(3);
        assertThat(cpu.quotaCores()).contains(2.5);
        assertThat(cpu.maxHertz()).isEmpty();
        assertThat(cpu.governor()).isEmpty();
        assertThat(cpu.caches())
                .isEqualTo(Map.of("L1d", 48L << 10, "L2", 1L << 20, "L3", 32L << 20));
        assertThat(cpu.lastLevelCache()).contains(32L << 20);
        assertThat(cpu.features())
                .containsExactly(
                        "sse4_2",
                        "avx",
                        "avx2",
                        "fma",
                        "f16c",
                        "avx512f",
                        "avx512_bf16",
                        "avx512_vnni");
        assertThat(cpu.vectorBits()).contains(512);
        assertThat(cpu.hypervisor()).contains(true);
        assertThat(cpu.numaNodes()).contains(1);
        assertThat(host.os()).isEqualTo("Debian GNU/Linux 12 (bookworm)");
        assertThat(host.kernel()).isEqualTo("6.8.0-1021-gcp");
        assertThat(host.loadAverage()).contains(0.25);
        assertThat(host.memory().bytes()).contains(16384000L << 10);
        assertThat(host.memory().available()).contains(12288000L << 10);
        assertThat(host.memory().limit()).contains(8L << 30);
        assertThat(host.memory().swapUsed()).contains(0L);
        assertThat(host.memory().transparentHugePages()).contains("madvise");
    }

    @Test
    void an_intel_server_without_limits() {
        var host = host(SampleHosts.intel(), "amd64", 223);
        var cpu = host.processor();
        assertThat(cpu.model()).isEqualTo("Intel(R) Xeon(R) Platinum 8480+");
        assertThat(cpu.logicalCores()).contains(223);
        assertThat(cpu.quotaCores()).isEmpty();
        assertThat(cpu.maxHertz()).contains(3.8e9);
        assertThat(cpu.governor()).contains("powersave");
        assertThat(cpu.features()).contains("amx_tile", "avx512_fp16");
        assertThat(cpu.hypervisor()).contains(false);
        assertThat(cpu.numaNodes()).contains(2);
        assertThat(cpu.lastLevelCache()).contains(105L << 20);
        assertThat(host.memory().limit()).isEmpty();
        assertThat(host.memory().swapUsed()).contains(1L << 30);
        assertThat(host.memory().transparentHugePages()).contains("never");
    }

    @Test
    void a_grace_of_a_gh200() {
        var host = host(SampleHosts.grace(), "aarch64", 72);
        var cpu = host.processor();
        assertThat(cpu.model()).isEqualTo("Neoverse V2");
        assertThat(cpu.logicalCores()).contains(72);
        assertThat(cpu.features()).containsExactly("asimd", "sve", "sve2", "bf16", "i8mm");
        assertThat(cpu.vectorBits()).contains(128);
        assertThat(cpu.hypervisor()).isEmpty();
        assertThat(cpu.maxHertz()).contains(3.474e9);
        assertThat(cpu.caches()).containsEntry("L3", 114L << 20).containsEntry("L1d", 64L << 10);
        assertThat(host.memory().bytes()).isEmpty();
        assertThat(host.memory().transparentHugePages()).contains("always");
        assertThat(host.loadAverage()).isEmpty();
    }

    @Test
    void an_unknown_arm_core_is_named_by_its_numbers() {
        var texts =
                Map.of(
                        "/proc/cpuinfo",
                        "CPU implementer\t: 0x99\nCPU part\t: 0x123\nFeatures\t: asimd");
        var cpu = Processor.read(SampleHosts.files(texts), "aarch64", 1);
        assertThat(cpu.model()).isEqualTo("Arm implementer and part 0x99 0x123");
        assertThat(cpu.vectorBits()).contains(128);
    }

    @Test
    void a_system_that_tells_nothing_leaves_every_part_empty() {
        var host = host(Map.of(), "riscv64", 8);
        var cpu = host.processor();
        assertThat(cpu)
                .isEqualTo(
                        new Processor(
                                "riscv64",
                                "riscv64",
                                Optional.empty(),
                                8,
                                Optional.empty(),
                                Optional.empty(),
                                Map.of(),
                                List.of(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty()));
        assertThat(cpu.lastLevelCache()).isEmpty();
        assertThat(host.memory().bytes()).isEmpty();
        assertThat(host.os()).isEqualTo(System.getProperty("os.name"));
    }

    @Test
    void only_variables_that_change_results_are_kept() {
        var files = SampleHosts.files(Map.of());
        var environment =
                Map.of(
                        "OMP_NUM_THREADS", "2",
                        "OPENBLAS_CORETYPE", "Haswell",
                        "CUDA_VISIBLE_DEVICES", "0",
                        "JAVA_TOOL_OPTIONS", "-Xint -Dpassword=x",
                        "NVIDIA_API_KEY", "x",
                        "HOME", "/root",
                        "SECRET_TOKEN", "x",
                        "MY_OMP_THING", "1");
        var host = HostRecord.read(files, Processor.read(files, "x", 1), JVM, environment);
        assertThat(host.environment())
                .containsOnlyKeys(
                        "OMP_NUM_THREADS",
                        "OPENBLAS_CORETYPE",
                        "CUDA_VISIBLE_DEVICES",
                        "JAVA_TOOL_OPTIONS")
                .containsEntry("JAVA_TOOL_OPTIONS", "-Xint");
    }

    @ParameterizedTest
    @CsvSource({
        "G1 Young Generation, G1",
        "PS MarkSweep, Parallel",
        "PS Scavenge, Parallel",
        "Copy, Serial",
        "MarkSweepCompact, Serial",
        "ZGC Minor Cycles, ZGC",
        "Shenandoah Pauses, Shenandoah",
        "Epsilon Heap, Epsilon"
    })
    void a_collector_is_known_by_its_beans(String bean, String collector) {
        assertThat(Jvm.collector(List.of(bean))).isEqualTo(collector);
    }

    @Test
    void system_properties_of_others_stay_out_of_results() {
        assertThat(
                        Jvm.shown(
                                List.of(
                                        "-Xmx1g",
                                        "-Dpassword=x",
                                        "-Dridgeline.vector.bits=128",
                                        "-Djdk.x=1")))
                .containsExactly("-Xmx1g", "-Dridgeline.vector.bits=128", "-Djdk.x=1");
    }

    @Test
    void this_machine_can_be_read_and_written_as_json() throws IOException {
        var host = HostRecord.read();
        assertThat(host.processor().model()).isNotBlank();
        assertThat(host.processor().allowedCores()).isPositive();
        assertThat(host.jvm().collector()).isNotEqualTo("unknown");
        assertThat(host.jvm().maxHeap()).isPositive();
        var json = JsonMapper.builder().addModule(new Jdk8Module()).build();
        var text = json.writeValueAsString(host);
        assertThat(json.readValue(text, HostRecord.class)).isEqualTo(host);
        assertThat(json.readTree(text).at("/processor/model").asText())
                .isEqualTo(host.processor().model());
    }
}
