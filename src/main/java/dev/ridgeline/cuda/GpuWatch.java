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

/// Looks at a GPU ten times a second while it is measured: its clocks, power and temperature, and
/// what slowed it.
public final class GpuWatch implements AutoCloseable {
    private static final long MILLISECONDS = 100;

    private final String name;
    private final List<GpuState> states = new ArrayList<>();
    private final Thread thread;

    private GpuWatch(String name, Nvml nvml, long device) {
        this.name = name;
        thread = Thread.ofPlatform().daemon().name("watch " + name).start(() -> look(nvml, device));
    }

    /// Empty where NVML does not know the device.
    public static Optional<GpuWatch> of(CudaDevice device) {
        if (device.standin()) return Optional.empty();
        return Nvml.open()
                .flatMap(
                        nvml ->
                                nvml.device(device.record().uuid())
                                        .map(d -> new GpuWatch(device.name(), nvml, d)));
    }

    private void look(Nvml nvml, long device) {
        try {
            while (!Thread.interrupted()) {
                var state = nvml.state(device);
                synchronized (states) {
                    states.add(state);
                }
                Thread.sleep(MILLISECONDS);
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /// What was seen so far, as facts for a result: `cuda:0.hertz.median` and the like.
    public Map<String, Object> facts() {
        List<GpuState> seen;
        synchronized (states) {
            seen = List.copyOf(states);
        }
        return facts(name, seen);
    }

    static Map<String, Object> facts(String name, List<GpuState> seen) {
        var facts = new LinkedHashMap<String, Object>();
        spread(name + ".hertz", seen, GpuState::hertz, facts);
        spread(name + ".memoryHertz", seen, GpuState::memoryHertz, facts);
        spread(name + ".watts", seen, GpuState::watts, facts);
        spread(name + ".celsius", seen, s -> s.celsius().map(Integer::doubleValue), facts);
        var joules = known(seen, GpuState::joules);
        if (joules.size() > 1) facts.put(name + ".joules", joules.getLast() - joules.getFirst());
        var slowed =
                seen.stream()
                        .flatMap(s -> s.slowed().stream())
                        .collect(
                                Collectors.groupingBy(r -> r, TreeMap::new, Collectors.counting()));
        if (!seen.isEmpty())
            facts.put(
                    name + ".slowed",
                    slowed.isEmpty()
                            ? "never"
                            : slowed.entrySet().stream()
                                    .map(
                                            r ->
                                                    String.format(
                                                            Locale.ROOT,
                                                            "%s in %.0f %% of %d looks",
                                                            r.getKey(),
                                                            100.0 * r.getValue() / seen.size(),
                                                            seen.size()))
                                    .collect(Collectors.joining(", ")));
        return facts;
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
