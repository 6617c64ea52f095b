package dev.ridgeline.hardware;

import static dev.ridgeline.hardware.Check.Status.FAIL;
import static dev.ridgeline.hardware.Check.Status.PASS;
import static dev.ridgeline.hardware.Check.Status.WARN;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.hardware.HostRecord.Jvm;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

class HostChecksTest {
    private static final Jvm JVM = new Jvm("VM", "Vendor", "25", "G1", 1L << 30, List.of());

    private static HostRecord host(Map<String, String> texts, int cores) {
        return host(texts, cores, JVM, Map.of());
    }

    private static HostRecord host(
            Map<String, String> texts, int cores, Jvm jvm, Map<String, String> environment) {
        var files = SampleHosts.files(texts);
        return HostRecord.read(files, Processor.read(files, "amd64", cores), jvm, environment);
    }

    private static Check check(HostRecord host, int vectorBits, String name) {
        return HostChecks.of(host, vectorBits, false).stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_quiet_machine_passes_everything() {
        var grace = host(SampleHosts.grace(), 72);
        assertThat(HostChecks.of(grace, 128, true))
                .allMatch(c -> c.status() == PASS && c.remedy().isEmpty())
                .extracting(Check::name)
                .doesNotHaveDuplicates();
    }

    @Test
    void whatever_is_wrong_has_a_remedy() {
        for (var texts : List.of(SampleHosts.amd(), SampleHosts.intel(), SampleHosts.grace()))
            assertThat(HostChecks.of(host(texts, 4), 128, false))
                    .allMatch(c -> (c.status() == PASS) == c.remedy().isEmpty());
    }

    @Test
    void narrow_vectors() {
        var amd = host(SampleHosts.amd(), 2);
        assertThat(check(amd, 512, "vector width").status()).isEqualTo(PASS);
        var narrow = check(amd, 256, "vector width");
        assertThat(narrow.status()).isEqualTo(WARN);
        assertThat(narrow.detail()).isEqualTo("256 bits in use, the processor has 512");
        assertThat(check(host(Map.of(), 1), 256, "vector width").status()).isEqualTo(PASS);
    }

    @Test
    void a_quota_below_the_cores() {
        var warned = check(host(SampleHosts.amd(), 4), 512, "cores");
        assertThat(warned.status()).isEqualTo(WARN);
        assertThat(warned.detail()).isEqualTo("4 online, 4 allowed, CPU time for 2.50");
        assertThat(warned.remedy()).contains("use --threads 2, or raise the CPU quota");
        assertThat(check(host(SampleHosts.amd(), 2), 512, "cores").status()).isEqualTo(PASS);

        var starved = new HashMap<>(SampleHosts.amd());
        starved.put("/sys/fs/cgroup/jobs/cpu.max", "50000 100000");
        assertThat(check(host(starved, 1), 512, "cores").status()).isEqualTo(FAIL);
    }

    @Test
    void a_busy_machine() {
        var busy = check(host(SampleHosts.intel(), 223), 512, "load");
        assertThat(busy.status()).isEqualTo(WARN);
        assertThat(busy.detail())
                .isEqualTo(
                        "41.07 over the last minute on 223 cores: the machine is busy and"
                                + " measurements will be noisy");
        assertThat(check(host(SampleHosts.amd(), 4), 512, "load").status()).isEqualTo(PASS);
    }

    @Test
    void clocks_swap_and_pages() {
        var intel = host(SampleHosts.intel(), 223);
        assertThat(check(intel, 512, "frequency governor").status()).isEqualTo(WARN);
        assertThat(check(intel, 512, "swap").detail()).isEqualTo("1.00 GiB in use");
        assertThat(check(intel, 512, "swap").status()).isEqualTo(WARN);
        assertThat(check(intel, 512, "transparent huge pages").status()).isEqualTo(WARN);
        var amd = host(SampleHosts.amd(), 2);
        assertThat(check(amd, 512, "frequency governor").status()).isEqualTo(PASS);
        assertThat(check(amd, 512, "swap").status()).isEqualTo(PASS);
        assertThat(check(amd, 512, "transparent huge pages").status()).isEqualTo(PASS);
    }

    @Test
    void memory_is_the_smaller_of_what_is_free_and_what_is_allowed() {
        assertThat(check(host(SampleHosts.amd(), 2), 512, "memory").detail())
                .isEqualTo("8.0 GiB available of 15.6 GiB, limited to 8.0 GiB");
        var full = new HashMap<>(SampleHosts.amd());
        full.put("/sys/fs/cgroup/jobs/17/memory.max", "536870912");
        assertThat(check(host(full, 2), 512, "memory").status()).isEqualTo(FAIL);
    }

    @Test
    void variables_that_slow_a_peer() {
        var host = host(SampleHosts.grace(), 72, JVM, Map.of("OPENBLAS_CORETYPE", "Haswell"));
        var check = check(host, 128, "peer libraries");
        assertThat(check.status()).isEqualTo(WARN);
        assertThat(check.detail())
                .isEqualTo(
                        "OPENBLAS_CORETYPE=Haswell: OpenBLAS chooses its kernels by that, not by"
                                + " the processor");
        assertThat(check.remedy()).contains("unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE");
    }

    @Test
    void a_jvm_the_kernels_are_not_timed_under() {
        var zgc = new Jvm("VM", "Vendor", "25", "ZGC", 1L << 30, List.of());
        var host = host(SampleHosts.amd(), 2, zgc, Map.of());
        assertThat(check(host, 512, "JVM").status()).isEqualTo(WARN);
        var greedy = new Jvm("VM", "Vendor", "25", "G1", 15L << 30, List.of());
        assertThat(check(host(SampleHosts.amd(), 2, greedy, Map.of()), 512, "JVM").remedy())
                .contains("lower -Xmx: operands live outside the heap");
    }

    @Test
    void a_missing_driver_is_told_but_no_warning() {
        var check = check(host(SampleHosts.grace(), 72), 128, "NVIDIA driver");
        assertThat(check.status()).isEqualTo(PASS);
        assertThat(check.detail())
                .isEqualTo("no NVIDIA driver: libcuda.so.1 is not on the loader's path");
        assertThat(HostChecks.loads("libc.so.6")).isTrue();
        assertThat(HostChecks.loads("libridgeline-has-no-such-library.so")).isFalse();
    }

    @Test
    void this_machine_can_be_checked() {
        assertThat(HostRecord.read().checks(256)).hasSize(10);
    }
}
