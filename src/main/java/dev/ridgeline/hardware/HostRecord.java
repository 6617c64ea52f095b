package dev.ridgeline.hardware;

import com.fasterxml.jackson.annotation.JsonInclude;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryManagerMXBean;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// What a result says of the machine it was measured on. Read from `/proc`, `/sys` and the JVM;
/// what the system does not tell is empty.
///
/// @param os its name and release, for people
/// @param loadAverage runnable processes over the last minute
/// @param environment the variables that change how fast a kernel or a peer runs
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record HostRecord(
        String os,
        String kernel,
        Processor processor,
        Memory memory,
        Jvm jvm,
        Optional<Double> loadAverage,
        Map<String, String> environment) {

    /// All in bytes.
    ///
    /// @param available without swapping
    /// @param limit that a control group sets
    /// @param transparentHugePages `always`, `madvise` or `never`
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Memory(
            Optional<Long> bytes,
            Optional<Long> available,
            Optional<Long> limit,
            Optional<Long> swapUsed,
            Optional<String> transparentHugePages) {

        static Memory read(TextFiles files) {
            var meminfo = files.read("/proc/meminfo").orElse("");
            return new Memory(
                    field(meminfo, "MemTotal"),
                    field(meminfo, "MemAvailable"),
                    Cgroup.memory(files),
                    field(meminfo, "SwapTotal")
                            .flatMap(total -> field(meminfo, "SwapFree").map(free -> total - free)),
                    files.read("/sys/kernel/mm/transparent_hugepage/enabled")
                            .map(choices -> choices.replaceAll(".*\\[(\\w+)].*", "$1")));
        }

        /// `MemTotal: 24684092 kB`, where kB is KiB.
        private static Optional<Long> field(String meminfo, String name) {
            return meminfo.lines()
                    .filter(line -> line.startsWith(name + ":"))
                    .findFirst()
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10);
        }
    }

    /// @param collector `G1`, `Parallel`, `Serial`, `ZGC`, `Shenandoah` or `Epsilon`
    /// @param maxHeap bytes
    /// @param arguments the JVM's own; of system properties only Ridgeline's and the JDK's, because
    ///   results are passed on and others may hold secrets
    public record Jvm(
            String name,
            String vendor,
            String version,
            String collector,
            long maxHeap,
            List<String> arguments) {

        public static Jvm current() {
            return new Jvm(
                    System.getProperty("java.vm.name"),
                    System.getProperty("java.vendor"),
                    Runtime.version().toString(),
                    collector(
                            ManagementFactory.getGarbageCollectorMXBeans().stream()
                                    .map(MemoryManagerMXBean::getName)
                                    .toList()),
                    Runtime.getRuntime().maxMemory(),
                    shown(ManagementFactory.getRuntimeMXBean().getInputArguments()));
        }

        /// By the names a JVM gives to the parts of its collector.
        static String collector(List<String> beans) {
            var first = beans.isEmpty() ? "" : beans.getFirst();
            if (first.startsWith("PS ")) return "Parallel";
            if (first.equals("Copy") || first.equals("MarkSweepCompact")) return "Serial";
            return first.isEmpty() ? "unknown" : first.split(" ")[0];
        }

        static List<String> shown(List<String> arguments) {
            return arguments.stream()
                    .filter(
                            a ->
                                    !a.startsWith("-D")
                                            || a.startsWith("-Dridgeline.")
                                            || a.startsWith("-Djdk."))
                    .toList();
        }
    }

    private static final List<String> VARIABLES =
            List.of(
                    "OMP_",
                    "OPENBLAS_",
                    "MKL_",
                    "DNNL_",
                    "CUDA_",
                    "NVIDIA_",
                    "JAVA_TOOL_OPTIONS",
                    "JDK_JAVA_OPTIONS");

    public HostRecord {
        environment = Collections.unmodifiableMap(new TreeMap<>(environment));
    }

    /// This machine, now.
    public static HostRecord read() {
        return read(TextFiles.SYSTEM, Processor.host(), Jvm.current(), System.getenv());
    }

    static HostRecord read(
            TextFiles files, Processor processor, Jvm jvm, Map<String, String> environment) {
        return new HostRecord(
                files.read("/etc/os-release")
                        .flatMap(HostRecord::prettyName)
                        .orElseGet(() -> System.getProperty("os.name")),
                files.read("/proc/sys/kernel/osrelease")
                        .orElseGet(() -> System.getProperty("os.version")),
                processor,
                Memory.read(files),
                jvm,
                files.read("/proc/loadavg").map(l -> Double.parseDouble(l.split(" ")[0])),
                environment.entrySet().stream()
                        .filter(e -> changesResults(e.getKey()))
                        .collect(Collectors.toMap(Map.Entry::getKey, HostRecord::shown)));
    }

    /// Results are passed on, so `NVIDIA_API_KEY` and the like stay out.
    private static boolean changesResults(String variable) {
        return VARIABLES.stream().anyMatch(variable::startsWith)
                && !variable.matches(".*(KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL).*");
    }

    private static String shown(Map.Entry<String, String> variable) {
        return variable.getKey().startsWith("JAVA") || variable.getKey().startsWith("JDK")
                ? String.join(" ", Jvm.shown(List.of(variable.getValue().split(" "))))
                : variable.getValue();
    }

    private static Optional<String> prettyName(String osRelease) {
        return osRelease
                .lines()
                .filter(l -> l.startsWith("PRETTY_NAME="))
                .findFirst()
                .map(l -> l.substring(l.indexOf('=') + 1).replace("\"", ""));
    }

    /// What a measurement on this host has to fear.
    ///
    /// @param vectorBits width of the vectors the kernels use
    public List<Check> checks(int vectorBits) {
        return HostChecks.of(this, vectorBits, HostChecks.loads("libcuda.so.1"));
    }
}
