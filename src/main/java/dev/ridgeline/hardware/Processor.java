package dev.ridgeline.hardware;

import com.fasterxml.jackson.annotation.JsonInclude;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The processor as Linux describes it. What the system does not tell is empty.
///
/// @param model marketing name, or on Arm the core's name
/// @param logicalCores online, hardware threads counted
/// @param allowedCores that this JVM may use
/// @param quotaCores CPU time a control group allows, in cores
/// @param maxHertz the highest clock the frequency driver offers
/// @param caches bytes one core sees, by `L1d`, `L2`, `L3`
/// @param features those of [#FEATURES] that it has
/// @param vectorBits width of its widest vectors
/// @param hypervisor whether it is a virtual machine's
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record Processor(
        String model,
        String architecture,
        Optional<Integer> logicalCores,
        int allowedCores,
        Optional<Double> quotaCores,
        Optional<Double> maxHertz,
        Map<String, Long> caches,
        List<String> features,
        Optional<Integer> vectorBits,
        Optional<Boolean> hypervisor,
        Optional<String> governor,
        Optional<Integer> numaNodes) {

    /// Those that decide how fast a kernel can be, as Linux spells them. `asimd` is Neon.
    public static final List<String> FEATURES =
            List.of(
                    "sse4_2",
                    "avx",
                    "avx2",
                    "fma",
                    "f16c",
                    "avx512f",
                    "avx512_bf16",
                    "avx512_fp16",
                    "avx512_vnni",
                    "amx_tile",
                    "amx_bf16",
                    "asimd",
                    "sve",
                    "sve2",
                    "bf16",
                    "i8mm");

    private static final String CPU = "/sys/devices/system/cpu/";

    /// Arm's part numbers (Main ID Register), of cores found in servers.
    private static final Map<String, String> ARM_CORES =
            Map.of(
                    "0x41 0xd0c", "Neoverse N1",
                    "0x41 0xd40", "Neoverse V1",
                    "0x41 0xd49", "Neoverse N2",
                    "0x41 0xd4f", "Neoverse V2",
                    "0x41 0xd84", "Neoverse V3",
                    "0x41 0xd8e", "Neoverse N3",
                    "0xc0 0xac3", "Ampere-1");

    private static final class Holder {
        static final Processor HOST =
                read(
                        TextFiles.SYSTEM,
                        System.getProperty("os.arch"),
                        Runtime.getRuntime().availableProcessors());
    }

    public Processor {
        caches = Collections.unmodifiableMap(new TreeMap<>(caches));
        features = List.copyOf(features);
    }

    /// This machine's, read at the first call.
    public static Processor host() {
        return Holder.HOST;
    }

    /// Bytes of the largest cache one core sees.
    public Optional<Long> lastLevelCache() {
        return caches.values().stream().max(Long::compare);
    }

    static Processor read(TextFiles files, String architecture, int allowedCores) {
        var cpu = fields(files.read("/proc/cpuinfo").orElse(""));
        boolean arm = cpu.containsKey("CPU implementer");
        var flags = List.of(cpu.getOrDefault("flags", cpu.getOrDefault("Features", "")).split(" "));
        var features = FEATURES.stream().filter(flags::contains).toList();
        return new Processor(
                model(cpu, architecture),
                architecture,
                files.read(CPU + "online").map(TextFiles::count),
                allowedCores,
                Cgroup.cores(files),
                files.read(CPU + "cpu0/cpufreq/cpuinfo_max_freq")
                        .map(kilohertz -> Double.parseDouble(kilohertz) * 1e3),
                caches(files),
                features,
                vectorBits(files, features),
                arm || cpu.isEmpty() ? Optional.empty() : Optional.of(flags.contains("hypervisor")),
                files.read(CPU + "cpu0/cpufreq/scaling_governor"),
                files.read("/sys/devices/system/node/online").map(TextFiles::count));
    }

    /// Of the first core.
    private static Map<String, String> fields(String cpuinfo) {
        var fields = new LinkedHashMap<String, String>();
        cpuinfo.lines()
                .map(line -> line.split(":", 2))
                .filter(pair -> pair.length == 2)
                .forEach(pair -> fields.putIfAbsent(pair[0].strip(), pair[1].strip()));
        return fields;
    }

    private static String model(Map<String, String> cpu, String architecture) {
        var name = cpu.get("model name");
        if (name != null) return name;
        var part = cpu.get("CPU part");
        if (part == null) return architecture;
        var id = cpu.get("CPU implementer") + " " + part;
        return ARM_CORES.getOrDefault(id, "Arm implementer and part " + id);
    }

    private static Map<String, Long> caches(TextFiles files) {
        var caches = new TreeMap<String, Long>();
        for (int i = 0; i < 8; i++) {
            var index = CPU + "cpu0/cache/index" + i;
            var size = files.read(index + "/size");
            var level = files.read(index + "/level");
            var type = files.read(index + "/type");
            if (size.isEmpty() || level.isEmpty() || type.isEmpty()) continue;
            switch (type.get()) {
                case "Data" -> caches.put("L" + level.get() + "d", bytes(size.get()));
                case "Unified" -> caches.put("L" + level.get(), bytes(size.get()));
                default -> {}
            }
        }
        return caches;
    }

    /// `32768K` or `32M`, as the kernel prints them.
    private static long bytes(String size) {
        long number = Long.parseLong(size.replaceAll("\\D", ""));
        return size.endsWith("M") ? number << 20 : size.endsWith("K") ? number << 10 : number;
    }

    private static Optional<Integer> vectorBits(TextFiles files, List<String> features) {
        if (features.contains("avx512f")) return Optional.of(512);
        if (features.contains("avx2")) return Optional.of(256);
        if (features.contains("sve"))
            return files.read("/proc/sys/abi/sve_default_vector_length")
                    .map(length -> Integer.parseInt(length) * 8);
        return features.contains("sse4_2") || features.contains("asimd")
                ? Optional.of(128)
                : Optional.empty();
    }
}
