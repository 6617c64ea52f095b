package dev.ridgeline.hardware;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// Three machines by what their `/proc` and `/sys` say, shortened to the lines that are read.
final class SampleHosts {
    private static final String CPU = "/sys/devices/system/cpu/";

    private SampleHosts() {}

    static TextFiles files(Map<String, String> texts) {
        return path -> Optional.ofNullable(texts.get(path));
    }

    /// A virtual machine of 4 threads on an EPYC 9005 in a version 2 group limited to 2.5 cores.
    static Map<String, String> amd() {
        var texts = new HashMap<String, String>();
        texts.put(
                "/proc/cpuinfo",
                """
                processor\t: 0
                vendor_id\t: AuthenticAMD
                model name\t: AMD EPYC 9B45
                cpu MHz\t\t: 2445.424
                cache size\t: 1024 KB
                flags\t\t: fpu sse4_2 fma f16c avx hypervisor avx2 avx512f avx512_bf16 avx512_vnni

                processor\t: 1
                model name\t: not read
                flags\t\t: fpu\
                """);
        texts.put(CPU + "online", "0-3");
        cache(texts, 0, 1, "Data", "48K");
        cache(texts, 1, 1, "Instruction", "32K");
        cache(texts, 2, 2, "Unified", "1024K");
        cache(texts, 3, 3, "Unified", "32M");
        texts.put("/sys/devices/system/node/online", "0");
        texts.put("/proc/self/cgroup", "0::/jobs/17");
        texts.put("/sys/fs/cgroup/jobs/17/cpu.max", "max 100000");
        texts.put("/sys/fs/cgroup/jobs/cpu.max", "250000 100000");
        texts.put("/sys/fs/cgroup/jobs/17/memory.max", "8589934592");
        texts.put("/sys/fs/cgroup/memory.max", "max");
        texts.put(
                "/proc/meminfo",
                """
                MemTotal:       16384000 kB
                MemFree:         1000000 kB
                MemAvailable:   12288000 kB
                SwapTotal:             0 kB
                SwapFree:              0 kB\
                """);
        texts.put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
        texts.put("/proc/loadavg", "0.25 0.18 0.10 1/95 5273");
        texts.put("/proc/sys/kernel/osrelease", "6.8.0-1021-gcp");
        texts.put("/etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"");
        return texts;
    }

    /// A two-socket server, bare metal, version 1 groups without limits.
    static Map<String, String> intel() {
        var texts = new HashMap<String, String>();
        texts.put(
                "/proc/cpuinfo",
                """
                processor\t: 0
                vendor_id\t: GenuineIntel
                model name\t: Intel(R) Xeon(R) Platinum 8480+
                flags\t\t: fpu sse4_2 fma avx f16c avx2 avx512f avx512_bf16 avx512_fp16 amx_bf16 amx_tile\
                """);
        texts.put(CPU + "online", "0-111,113-223");
        texts.put(CPU + "cpu0/cpufreq/cpuinfo_max_freq", "3800000");
        texts.put(CPU + "cpu0/cpufreq/scaling_governor", "powersave");
        cache(texts, 0, 1, "Data", "48K");
        cache(texts, 2, 2, "Unified", "2048K");
        cache(texts, 3, 3, "Unified", "107520K");
        texts.put("/sys/devices/system/node/online", "0-1");
        texts.put("/proc/self/cgroup", "4:memory:/user\n3:cpu,cpuacct:/user\n0::/user");
        texts.put("/sys/fs/cgroup/cpu/user/cpu.cfs_quota_us", "-1");
        texts.put("/sys/fs/cgroup/cpu/user/cpu.cfs_period_us", "100000");
        texts.put("/sys/fs/cgroup/memory/user/memory.limit_in_bytes", "9223372036854771712");
        texts.put(
                "/proc/meminfo",
                """
                MemTotal:       528280977 kB
                MemAvailable:   512000000 kB
                SwapTotal:        8388608 kB
                SwapFree:         7340032 kB\
                """);
        texts.put("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]");
        texts.put("/proc/loadavg", "41.07 30.00 12.00 3/2000 99");
        return texts;
    }

    /// One Grace of a GH200.
    static Map<String, String> grace() {
        var texts = new HashMap<String, String>();
        texts.put(
                "/proc/cpuinfo",
                """
                processor\t: 0
                BogoMIPS\t: 2000.00
                Features\t: fp asimd evtstrm aes atomics fphp asimdhp sve sve2 i8mm bf16 dgh bti
                CPU implementer\t: 0x41
                CPU architecture: 8
                CPU variant\t: 0x0
                CPU part\t: 0xd4f
                CPU revision\t: 0\
                """);
        texts.put(CPU + "online", "0-71");
        texts.put(CPU + "cpu0/cpufreq/cpuinfo_max_freq", "3474000");
        texts.put(CPU + "cpu0/cpufreq/scaling_governor", "performance");
        texts.put("/proc/sys/abi/sve_default_vector_length", "16");
        cache(texts, 0, 1, "Data", "64K");
        cache(texts, 1, 1, "Instruction", "64K");
        cache(texts, 2, 2, "Unified", "1024K");
        cache(texts, 3, 3, "Unified", "116736K");
        texts.put("/sys/devices/system/node/online", "0-8");
        texts.put("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never");
        return texts;
    }

    private static void cache(
            Map<String, String> texts, int index, int level, String type, String size) {
        var directory = CPU + "cpu0/cache/index" + index;
        texts.put(directory + "/level", "" + level);
        texts.put(directory + "/type", type);
        texts.put(directory + "/size", size);
    }
}
