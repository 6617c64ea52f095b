package dev.ridgeline.cuda;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Looks at a GPU ten times a second while it is measured: its clocks, power and temperature, and
/// what slowed it.
public final class GpuWatch implements AutoCloseable {
    private static final long MILLISECONDS = 100;

    private final CudaDevice device;
    private final String name;
    private final List<GpuState> states = new ArrayList<>();
    private final Map<String, List<GpuState>> byRow = new LinkedHashMap<>();
    private final Thread thread;
    private Optional<String> row = Optional.empty();

    private GpuWatch(CudaDevice of, Nvml nvml, long device) {
        this.device = of;
        name = of.name();
        thread = Thread.ofPlatform().daemon().name("watch " + name).start(() -> look(nvml, device));
    }

    /// Empty where NVML does not know the device.
    public static Optional<GpuWatch> of(CudaDevice device) {
        if (device.standin()) return Optional.empty();
        return Nvml.open()
                .flatMap(
                        nvml ->
                                nvml.device(device.record().uuid())
                                        .map(d -> new GpuWatch(device, nvml, d)));
    }

    private void look(Nvml nvml, long device) {
        try {
            while (!Thread.interrupted()) {
                var state = nvml.moving(device);
                synchronized (states) {
                    states.add(state);
                    row.ifPresent(r -> byRow.computeIfAbsent(r, _ -> new ArrayList<>()).add(state));
                }
                Thread.sleep(MILLISECONDS);
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /// What is seen from here on belongs to that row too; to none if empty.
    public void during(Optional<String> key) {
        synchronized (states) {
            row = key;
        }
    }

    /// What was seen so far, as facts for a result: `cuda:0.hertz.median` and the like, and `cuda:0
    /// during <row>` for each row; and whether launches were held back until the device could take
    /// them one after the other.
    public Map<String, Object> facts() {
        synchronized (states) {
            var facts = facts(name, states);
            byRow.forEach((key, seen) -> facts.put(name + " during " + key, sentence(seen)));
            device.stream().notHeld().ifPresent(why -> facts.put(name + ".notHeld", why));
            return facts;
        }
    }

    /// `1.755 GHz, 690 W, 64 degrees C, slowed: power cap in 12 % of 34 looks`: medians.
    static String sentence(List<GpuState> seen) {
        return Stream.of(
                        median(seen, GpuState::hertz).map(h -> text("%.3f GHz", h * 1e-9)),
                        median(seen, GpuState::watts).map(w -> text("%.0f W", w)),
                        median(seen, s -> s.celsius().map(Integer::doubleValue))
                                .map(c -> text("%.0f degrees C", c)),
                        Optional.of("slowed: " + slowed(seen)))
                .flatMap(Optional::stream)
                .collect(Collectors.joining(", "));
    }

    private static String text(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    static Map<String, Object> facts(String name, List<GpuState> seen) {
        var facts = new LinkedHashMap<String, Object>();
        spread(name + ".hertz", seen, GpuState::hertz, facts);
        spread(name + ".memoryHertz", seen, GpuState::memoryHertz, facts);
        spread(name + ".watts", seen, GpuState::watts, facts);
        spread(name + ".celsius", seen, s -> s.celsius().map(Integer::doubleValue), facts);
        var joules = known(seen, GpuState::joules);
        if (joules.size() > 1) facts.put(name + ".joules", joules.getLast() - joules.getFirst());
        if (!seen.isEmpty()) facts.put(name + ".slowed", slowed(seen));
        return facts;
    }

    private static String slowed(List<GpuState> seen) {
        var reasons =
                seen.stream()
                        .flatMap(s -> s.slowed().stream())
                        .collect(
                                Collectors.groupingBy(r -> r, TreeMap::new, Collectors.counting()));
        return reasons.isEmpty()
                ? "never"
                : reasons.entrySet().stream()
                        .map(
                                r ->
                                        String.format(
                                                Locale.ROOT,
                                                "%s in %.0f %% of %d looks",
                                                r.getKey(),
                                                100.0 * r.getValue() / seen.size(),
                                                seen.size()))
                        .collect(Collectors.joining(", "));
    }

    private static Optional<Double> median(
            List<GpuState> seen, Function<GpuState, Optional<Double>> of) {
        var values = known(seen, of).stream().sorted().toList();
        return values.isEmpty() ? Optional.empty() : Optional.of(values.get(values.size() / 2));
    }

    private static void spread(
            String fact,
            List<GpuState> seen,
            Function<GpuState, Optional<Double>> of,
            Map<String, Object> to) {
        var values = known(seen, of).stream().sorted().toList();
        if (values.isEmpty()) return;
        to.put(fact + ".min", values.getFirst());
        to.put(fact + ".median", values.get(values.size() / 2));
        to.put(fact + ".max", values.getLast());
    }

    private static List<Double> known(
            List<GpuState> seen, Function<GpuState, Optional<Double>> of) {
        return seen.stream().map(of).flatMap(Optional::stream).toList();
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
