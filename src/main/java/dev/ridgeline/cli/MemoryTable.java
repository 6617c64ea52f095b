package dev.ridgeline.cli;

import dev.ridgeline.device.Device;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.InvalidModel;
import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Memory.Region;
import dev.ridgeline.model.StepGraph;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.report.Si;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

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

    /// Throws the reason if the step does not fit the device, with what would make it fit.
    static void requireRoom(Config config, StepOptions options, Device device) {
        long free = device.capacity() - device.allocated();
        long needed = total(StepGraph.plan(config, options));
        if (needed <= free) return;
        var cures = new ArrayList<String>();
        fits(config, options.withRecompute(true), free)
                .filter(_ -> !options.recompute())
                .ifPresent(bytes -> cures.add("--recompute (" + Si.binaryBytes(bytes) + ")"));
        for (int batch = options.batch() / 2; batch >= 1 && cures.size() < 2; batch /= 2) {
            final int smaller = batch;
            fits(config, options.withBatch(batch), free)
                    .ifPresent(
                            bytes ->
                                    cures.add(
                                            "--batch %d (%s)"
                                                    .formatted(smaller, Si.binaryBytes(bytes))));
        }
        throw Fault.environment(
                "the step needs %,d bytes (%s) and %s has %,d: %,d bytes are missing; %s",
                needed,
                Si.binaryBytes(needed),
                device.name(),
                free,
                needed - free,
                cures.isEmpty()
                        ? "no smaller batch fits, weights and moments alone are too large"
                        : "it fits with " + String.join(" or ", cures));
    }

    private static Optional<Long> fits(Config config, StepOptions options, long free) {
        try {
            return Optional.of(total(StepGraph.plan(config, options)))
                    .filter(bytes -> bytes <= free);
        } catch (InvalidModel e) {
            return Optional.empty();
        }
    }
}
