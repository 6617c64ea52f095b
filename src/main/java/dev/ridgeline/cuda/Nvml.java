package dev.ridgeline.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// NVIDIA's management library: what nvidia-smi shows. Each question may be one that a part or a
/// driver does not answer, which is an empty answer and no error.
final class Nvml {
    static final String NAME = "libnvidia-ml.so.1";

    /// `nvmlReturn_t f(void)`.
    public interface Start {
        int run();
    }

    /// A text of `bytes` at most, of the system.
    public interface Text {
        int get(MemorySegment text, int bytes);
    }

    public interface ByUuid {
        int get(MemorySegment uuid, MemorySegment device);
    }

    /// A number of a device.
    public interface Query {
        int get(long device, MemorySegment value);
    }

    /// One of several numbers of a device.
    public interface Choice {
        int get(long device, int which, MemorySegment value);
    }

    public interface Errors {
        int get(long device, int kind, int counter, MemorySegment value);
    }

    private static final int SM_CLOCK = 1;
    private static final int MEMORY_CLOCK = 2;
    private static final int GPU_TEMPERATURE = 0;
    private static final int CORRECTED = 0;
    private static final int UNCORRECTED = 1;
    private static final int SINCE_LOADED = 0;
    private static final int MOST_NVLINKS = 18;

    /// `nvmlClocksEventReason*`; that it idles, and that a display sets the clock, slow no kernel.
    private static final Map<Long, String> REASONS =
            new TreeMap<>(
                    Map.of(
                            0x2L, "application clocks",
                            0x4L, "power cap",
                            0x8L, "hardware slowdown",
                            0x10L, "sync boost",
                            0x20L, "software thermal",
                            0x40L, "hardware thermal",
                            0x80L, "power brake"));

    private record Library(Optional<Nvml> nvml, String detail) {}

    private static final class Holder {
        static final Library LIBRARY = load();
    }

    private final NativeLibrary library;
    private final ByUuid byUuid;
    private final Optional<Choice> clock;
    private final Optional<Query> power;
    private final Optional<Query> powerLimit;
    private final Optional<Query> energy;
    private final Optional<Choice> temperature;
    private final Optional<Query> reasons;
    private final Optional<Errors> errors;
    private final Optional<Query> pcieGeneration;
    private final Optional<Query> pcieLanes;
    private final Optional<Choice> nvlink;

    private Nvml(NativeLibrary library) {
        this.library = library;
        byUuid = library.call("nvmlDeviceGetHandleByUUID", ByUuid.class);
        clock = library.find("nvmlDeviceGetClockInfo", Choice.class);
        power = library.find("nvmlDeviceGetPowerUsage", Query.class);
        powerLimit = library.find("nvmlDeviceGetEnforcedPowerLimit", Query.class);
        energy = library.find("nvmlDeviceGetTotalEnergyConsumption", Query.class);
        temperature = library.find("nvmlDeviceGetTemperature", Choice.class);
        reasons =
                library.find("nvmlDeviceGetCurrentClocksEventReasons", Query.class)
                        .or(
                                () ->
                                        library.find(
                                                "nvmlDeviceGetCurrentClocksThrottleReasons",
                                                Query.class));
        errors = library.find("nvmlDeviceGetTotalEccErrors", Errors.class);
        pcieGeneration = library.find("nvmlDeviceGetCurrPcieLinkGeneration", Query.class);
        pcieLanes = library.find("nvmlDeviceGetCurrPcieLinkWidth", Query.class);
        nvlink = library.find("nvmlDeviceGetNvLinkState", Choice.class);
    }

    /// Empty where it does not load; [#detail] says why.
    static Optional<Nvml> open() {
        return Holder.LIBRARY.nvml();
    }

    /// Where it was found and which driver it belongs to, or why it is not used.
    static String detail() {
        return Holder.LIBRARY.detail();
    }

    private static Library load() {
        var library = NativeLibrary.open(NAME);
        if (library.isEmpty())
            return new Library(
                    Optional.empty(), NAME + " is not on the loader's path: no clocks, no power");
        int code = library.get().call("nvmlInit_v2", Start.class).run();
        if (code != 0)
            return new Library(
                    Optional.empty(), "%s does not start (error %d)".formatted(NAME, code));
        var nvml = new Nvml(library.get());
        return new Library(
                Optional.of(nvml),
                "%s of driver %s".formatted(NAME, nvml.driverVersion().orElse("unknown")));
    }

    /// `580.65.06`.
    private Optional<String> driverVersion() {
        try (var arena = Arena.ofConfined()) {
            var text = arena.allocate(80);
            var call = library.find("nvmlSystemGetDriverVersion", Text.class);
            return call.isPresent() && call.get().get(text, 80) == 0
                    ? Optional.of(text.getString(0))
                    : Optional.empty();
        }
    }

    /// A device by the UUID that CUDA gives it, because NVML counts devices otherwise; empty for
    /// one it does not know, such as a slice of a GPU.
    Optional<Long> device(String uuid) {
        try (var arena = Arena.ofConfined()) {
            var device = arena.allocate(ADDRESS);
            return byUuid.get(arena.allocateFrom(uuid), device) == 0
                    ? Optional.of(device.get(JAVA_LONG, 0))
                    : Optional.empty();
        }
    }

    /// All that it tells, at the cost of some twenty questions.
    ///
    /// @param device of [#device]
    GpuState state(long device) {
        try (var arena = Arena.ofConfined()) {
            var value = arena.allocate(JAVA_LONG);
            var moving = moving(device, value);
            return new GpuState(
                    moving.hertz(),
                    moving.memoryHertz(),
                    moving.watts(),
                    moving.wattLimit(),
                    moving.joules(),
                    moving.celsius(),
                    moving.slowed(),
                    errors(device, CORRECTED, value),
                    errors(device, UNCORRECTED, value),
                    pcie(device, value),
                    nvlinks(device, value));
        }
    }

    /// Only what changes while kernels run; the rest is left empty.
    GpuState moving(long device) {
        try (var arena = Arena.ofConfined()) {
            return moving(device, arena.allocate(JAVA_LONG));
        }
    }

    private GpuState moving(long device, MemorySegment value) {
        return new GpuState(
                choice(clock, device, SM_CLOCK, value).map(megahertz -> megahertz * 1e6),
                choice(clock, device, MEMORY_CLOCK, value).map(megahertz -> megahertz * 1e6),
                number(power, device, value).map(milliwatts -> milliwatts * 1e-3),
                number(powerLimit, device, value).map(milliwatts -> milliwatts * 1e-3),
                number(energy, device, value).map(millijoules -> millijoules * 1e-3),
                choice(temperature, device, GPU_TEMPERATURE, value).map(Long::intValue),
                number(reasons, device, value).map(Nvml::reasons).orElse(List.of()),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    static List<String> reasons(long mask) {
        return REASONS.entrySet().stream()
                .filter(reason -> (mask & reason.getKey()) != 0)
                .map(Map.Entry::getValue)
                .toList();
    }

    private Optional<String> pcie(long device, MemorySegment value) {
        return number(pcieGeneration, device, value)
                .flatMap(
                        generation ->
                                number(pcieLanes, device, value)
                                        .map(lanes -> generation + " x" + lanes));
    }

    /// A part without NVLink answers that it does not support the question.
    private Optional<Integer> nvlinks(long device, MemorySegment value) {
        var links = new ArrayList<Long>();
        for (int link = 0; link < MOST_NVLINKS; link++)
            choice(nvlink, device, link, value).ifPresent(links::add);
        return links.isEmpty()
                ? Optional.empty()
                : Optional.of((int) links.stream().filter(up -> up == 1).count());
    }

    private Optional<Long> errors(long device, int kind, MemorySegment value) {
        value.set(JAVA_LONG, 0, 0);
        return errors.filter(e -> e.get(device, kind, SINCE_LOADED, value) == 0)
                .map(_ -> value.get(JAVA_LONG, 0));
    }

    /// Answers are of 32 or 64 bits; a word that was zero before holds either.
    private static Optional<Long> number(Optional<Query> query, long device, MemorySegment value) {
        value.set(JAVA_LONG, 0, 0);
        return query.filter(q -> q.get(device, value) == 0).map(_ -> value.get(JAVA_LONG, 0));
    }

    private static Optional<Long> choice(
            Optional<Choice> query, long device, int which, MemorySegment value) {
        value.set(JAVA_LONG, 0, 0);
        return query.filter(q -> q.get(device, which, value) == 0)
                .map(_ -> Integer.toUnsignedLong(value.get(JAVA_INT, 0)));
    }
}
