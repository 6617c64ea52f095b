package dev.ridgeline.cli;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Memory.Region;
import dev.ridgeline.report.Si;

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
        var lines = new LinkedHashMap<String, Long>();
        for (var kind : Kind.values()) {
            if (kind == Kind.ACTIVATIONS) activations(plan, lines);
            else {
                long bytes =
                        plan.entrySet().stream()
                                .filter(e -> e.getKey().kind() == kind)
                                .mapToLong(Map.Entry::getValue)
                                .sum();
                if (bytes > 0) lines.put(kind.label(), bytes);
            }
        }
        lines.put("total", total(plan));
        var text = new StringBuilder();
        lines.forEach(
                (what, bytes) ->
                        text.append(
                                String.format(
                                        Locale.ROOT,
                                        "%-44s %,20d  %10s%n",
                                        what,
                                        bytes,
                                        Si.binaryBytes(bytes))));
        return text.toString();
    }

    /// Layers that need the same share a line.
    private static void activations(Map<Region, Long> plan, Map<String, Long> lines) {
        var run = new ArrayList<String>();
        long each = -1;
        for (var entry : plan.entrySet()) {
            if (entry.getKey().kind() != Kind.ACTIVATIONS) continue;
            if (!run.isEmpty() && entry.getValue() != each) close(run, each, lines);
            each = entry.getValue();
            run.add(entry.getKey().owner());
        }
        if (!run.isEmpty()) close(run, each, lines);
    }

    private static void close(List<String> run, long each, Map<String, Long> lines) {
        var name =
                run.size() == 1
                        ? run.getFirst()
                        : run.getFirst() + " to " + run.getLast().replaceAll("\\D", "");
        lines.put("activations, " + name, each * run.size());
        run.clear();
    }
}
