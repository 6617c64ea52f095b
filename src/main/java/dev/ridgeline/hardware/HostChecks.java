package dev.ridgeline.hardware;

import static dev.ridgeline.hardware.Check.fail;
import static dev.ridgeline.hardware.Check.pass;
import static dev.ridgeline.hardware.Check.warn;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Looks at a host as an engineer would before trusting a benchmark on it.
final class HostChecks {
    private static final double GIB = 1 << 30;

    /// Less than this cannot hold the standard suite's operands.
    private static final double LEAST_MEMORY = GIB;

    private static final List<String> PROVEN_COLLECTORS = List.of("G1", "Parallel", "Serial");

    /// Variables that override what OpenBLAS finds out about the processor.
    private static final List<String> SLOW_PEER = List.of("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE");

    private HostChecks() {}

    static List<Check> of(HostRecord host, int vectorBits, boolean cudaDriver) {
        return List.of(
                vectors(host.processor(), vectorBits),
                cores(host.processor()),
                load(host),
                governor(host.processor()),
                memory(host.memory()),
                swap(host.memory()),
                hugePages(host.memory()),
                jvm(host),
                peers(host),
                driver(cudaDriver));
    }

    /// Whether the loader finds the library.
    @SuppressWarnings("restricted") // opening a library runs its initialisers, as a binding would
    static boolean loads(String library) {
        try (var arena = Arena.ofConfined()) {
            SymbolLookup.libraryLookup(library, arena);
            return true;
        } catch (IllegalArgumentException absent) {
            return false;
        }
    }

    private static Check vectors(Processor cpu, int bits) {
        var name = "vector width";
        if (cpu.vectorBits().isEmpty())
            return pass(name, bits + " bits in use, the system does not tell what there is");
        int has = cpu.vectorBits().get();
        return bits >= has
                ? pass(name, bits + " bits in use")
                : warn(
                        name,
                        bits + " bits in use, the processor has " + has,
                        "remove -Dridgeline.vector.bits, -XX:UseAVX and -XX:MaxVectorSize from"
                                + " the JVM's options");
    }

    private static Check cores(Processor cpu) {
        var name = "cores";
        var online = cpu.logicalCores().map(n -> n + " online, ").orElse("");
        var detail = online + cpu.allowedCores() + " allowed";
        if (cpu.quotaCores().isEmpty()) return pass(name, detail);
        double quota = cpu.quotaCores().get();
        detail += text(", CPU time for %.2f", quota);
        if (quota < 1)
            return fail(name, detail, "raise the container's CPU quota to a whole core or more");
        return quota < cpu.allowedCores()
                ? warn(name, detail, text("use --threads %d, or raise the CPU quota", (int) quota))
                : pass(name, detail);
    }

    /// A tenth of the cores busy is enough to change clocks, caches and bandwidth for the rest.
    private static Check load(HostRecord host) {
        var name = "load";
        if (host.loadAverage().isEmpty()) return pass(name, "the system does not tell");
        double load = host.loadAverage().get();
        int cores = host.processor().logicalCores().orElse(host.processor().allowedCores());
        var detail = text("%.2f over the last minute on %d cores", load, cores);
        return load > Math.max(0.5, 0.1 * cores)
                ? warn(
                        name,
                        detail + ": the machine is busy and measurements will be noisy",
                        "stop the other processes, or wait a minute")
                : pass(name, detail);
    }

    private static Check governor(Processor cpu) {
        var name = "frequency governor";
        var governor = cpu.governor().orElse("not shown");
        return cpu.governor().isEmpty() || governor.equals("performance")
                ? pass(name, governor)
                : warn(
                        name,
                        governor + ": the clock follows the load",
                        "cpupower frequency-set -g performance");
    }

    private static Check memory(HostRecord.Memory memory) {
        var name = "memory";
        var free =
                Stream.concat(memory.available().stream(), memory.limit().stream())
                        .min(Long::compare);
        if (free.isEmpty()) return pass(name, "the system does not tell");
        var detail =
                text("%.1f GiB available", free.get() / GIB)
                        + memory.bytes().map(b -> text(" of %.1f GiB", b / GIB)).orElse("")
                        + memory.limit()
                                .map(b -> text(", limited to %.1f GiB", b / GIB))
                                .orElse("");
        return free.get() < LEAST_MEMORY
                ? fail(name, detail, "free memory, or raise the container's limit")
                : pass(name, detail);
    }

    private static Check swap(HostRecord.Memory memory) {
        var name = "swap";
        if (memory.swapUsed().isEmpty()) return pass(name, "the system does not tell");
        double used = memory.swapUsed().get();
        return used > 0
                ? warn(
                        name,
                        text("%.2f GiB in use", used / GIB),
                        "free memory and run swapoff -a, so that no operand is paged out")
                : pass(name, "none in use");
    }

    private static Check hugePages(HostRecord.Memory memory) {
        var name = "transparent huge pages";
        var setting = memory.transparentHugePages().orElse("not shown");
        return setting.equals("never")
                ? warn(
                        name,
                        "never: large operands cost more address translations",
                        "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
                : pass(name, setting);
    }

    private static Check jvm(HostRecord host) {
        var name = "JVM";
        var jvm = host.jvm();
        var detail =
                text(
                        "%s %s, %s collector, heap up to %.1f GiB",
                        jvm.vendor(), jvm.version(), jvm.collector(), jvm.maxHeap() / GIB);
        if (!PROVEN_COLLECTORS.contains(jvm.collector()))
            return warn(
                    name,
                    detail,
                    "use -XX:+UseG1GC, -XX:+UseParallelGC or -XX:+UseSerialGC, which the kernels"
                            + " are timed under");
        return host.memory().bytes().filter(b -> jvm.maxHeap() > 0.75 * b).isPresent()
                ? warn(name, detail, "lower -Xmx: operands live outside the heap")
                : pass(name, detail);
    }

    private static Check peers(HostRecord host) {
        var name = "peer libraries";
        var set =
                SLOW_PEER.stream()
                        .filter(host.environment()::containsKey)
                        .map(v -> v + "=" + host.environment().get(v))
                        .collect(Collectors.joining(", "));
        return set.isEmpty()
                ? pass(name, "no variable slows them")
                : warn(
                        name,
                        set + ": OpenBLAS chooses its kernels by that, not by the processor",
                        "unset " + String.join(" ", SLOW_PEER));
    }

    private static Check driver(boolean found) {
        return pass(
                "NVIDIA driver",
                found
                        ? "libcuda.so.1 found"
                        : "no NVIDIA driver: libcuda.so.1 is not on the loader's path");
    }

    private static String text(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }
}
