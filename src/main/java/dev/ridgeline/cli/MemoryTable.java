package dev.ridgeline.cli;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Memory.Region;
import dev.ridgeline.report.Si;
import dev.ridgeline.residency.Plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The memory of a training step, for people.
final class MemoryTable {
    private MemoryTable() {}

    static long total(Map<Region, Long> plan) {
        return plan.values().stream().reduce(0L, Math::addExact);
    }

    /// One line for each use of memory, activations by owner.
    static String of(Map<Region, Long> plan) {
        return table(plan, Map.of());
    }

    /// The same with the share of each that is not on the device all the time.
    ///
    /// @param here bytes on the device
    /// @param reason why so
    static String streamed(Map<Region, Long> regions, Plan plan, long here, String reason) {
        return table(regions, plan.streamed())
                + line("on the device", here)
                + "%n%n%s: %s copied to the device and %s from it in a step; %s%n"
                        .formatted(
                                plan.strategy(),
                                Si.scaled(plan.bytesIn(), 3, "B"),
                                Si.scaled(plan.bytesOut(), 3, "B"),
                                reason);
    }

    private static String table(Map<Region, Long> plan, Map<Region, Long> moved) {
        var text = new StringBuilder();
        lines(plan)
                .forEach(
                        (what, regions) -> {
                            long bytes = sum(regions, plan);
                            long share = sum(regions, moved);
                            text.append(line(what, bytes));
                            if (share > 0)
                                text.append("  %s streamed".formatted(percent(share, bytes)));
                            text.append("%n".formatted());
                        });
        return text.append(line("total", total(plan))).append("%n".formatted()).toString();
    }

    private static String percent(long part, long whole) {
        return Si.percent((double) part / whole);
    }

    private static String line(String what, long bytes) {
        return String.format(Locale.ROOT, "%-44s %,20d  %10s", what, bytes, Si.binaryBytes(bytes));
    }

    private static long sum(List<Region> regions, Map<Region, Long> bytes) {
        return regions.stream().mapToLong(r -> bytes.getOrDefault(r, 0L)).sum();
    }

    private static Map<String, List<Region>> lines(Map<Region, Long> plan) {
        var lines = new LinkedHashMap<String, List<Region>>();
        for (var kind : Kind.values()) {
            var regions = plan.keySet().stream().filter(r -> r.kind() == kind).toList();
            if (kind == Kind.ACTIVATIONS) activations(regions, plan, lines);
            else if (sum(regions, plan) > 0) lines.put(kind.label(), regions);
        }
        return lines;
    }

    /// Layers that need the same share a line.
    private static void activations(
            List<Region> regions, Map<Region, Long> plan, Map<String, List<Region>> lines) {
        var run = new ArrayList<Region>();
        for (var region : regions) {
            if (!run.isEmpty() && !plan.get(region).equals(plan.get(run.getLast())))
                close(run, lines);
            run.add(region);
        }
        if (!run.isEmpty()) close(run, lines);
    }

    private static void close(List<Region> run, Map<String, List<Region>> lines) {
        var first = run.getFirst().owner();
        var name =
                run.size() == 1
                        ? first
                        : first + " to " + run.getLast().owner().replaceAll("\\D", "");
        lines.put("activations, " + name, List.copyOf(run));
        run.clear();
    }
}
