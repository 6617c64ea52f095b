package dev.ridgeline.cli;

import dev.ridgeline.device.Device;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.InvalidModel;
import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.model.Presets;
import dev.ridgeline.model.StepGraph;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.report.Si;
import dev.ridgeline.residency.CappedExecution;
import dev.ridgeline.tensor.DType;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/// Whether a training step fits a device, and if not what would: each cure is planned and not
/// guessed.
final class Room {
    private static final int MOST_CURES = 3;
    private static final int SHORTEST_SEQUENCE = 16;
    private static final Set<Kind> PER_PARAMETER =
            Set.of(
                    Kind.WEIGHTS,
                    Kind.COPIES,
                    Kind.GRADIENTS,
                    Kind.FIRST_MOMENTS,
                    Kind.SECOND_MOMENTS);

    private final Config config;
    private final StepOptions asked;
    private final Device device;
    private final long beyond;
    private final long free;

    /// @param beyond bytes of the host's memory that what does not fit may be kept in
    Room(Config config, StepOptions asked, Device device, long beyond) {
        this.config = config;
        this.asked = asked;
        this.device = device;
        this.beyond = beyond;
        this.free = device.capacity() - device.allocated();
    }

    private long needed() {
        return MemoryTable.total(StepGraph.plan(config, asked, device));
    }

    /// Whether the whole step does.
    boolean fits() {
        return needed() <= free;
    }

    /// @throws Fault with what is missing and what would make it fit, if the step does not fit
    void require() {
        long needed = needed();
        if (needed <= free) return;
        var cures = cures();
        throw Fault.environment(
                "the step needs %s and %s has %s free: %s are missing; %s",
                exact(needed),
                device.name(),
                exact(free),
                exact(needed - free),
                cures.isEmpty() ? hopeless() : "it fits with " + String.join(", or ", cures));
    }

    /// @param other bytes that are needed besides
    /// @return bytes of the arena that such a step can be streamed in
    /// @throws Fault if it is too small even so
    long requireStreamed(long other) {
        long whole = needed();
        if (whole > beyond)
            throw Fault.environment(
                    "--stream: the step needs %s, and the host has %s for what %s does not hold",
                    exact(whole), exact(beyond), device.name());
        long least = leastStreamed() + other;
        if (least > free)
            throw Fault.environment(
                    "--stream: the step needs at least %s at once, and %s has %s free",
                    exact(least), device.name(), exact(free));
        return free - other - scratch() - CappedExecution.stateBytes(config, asked);
    }

    private long leastStreamed() {
        return CappedExecution.least(config, asked) + scratch();
    }

    /// What kernels take for the variant that takes more of it.
    private long scratch() {
        return Stream.of(asked, asked.withRecompute(true))
                .mapToLong(
                        o ->
                                MemoryTable.total(StepGraph.plan(config, o, device))
                                        - MemoryTable.total(StepGraph.plan(config, o)))
                .max()
                .orElseThrow();
    }

    /// The same step bit by bit, in less of the device's memory.
    private Optional<String> streaming() {
        if (needed() > beyond) return Optional.empty();
        long least = leastStreamed();
        return least > free
                ? Optional.empty()
                : Optional.of(
                        "--stream (from %s, the rest in the host's memory)"
                                .formatted(Si.binaryBytes(least)));
    }

    /// Flags that fit, the mildest first: the same step in other ways, then a shorter sequence.
    private List<String> cures() {
        var cures = new ArrayList<String>();
        for (var start : variants(asked))
            if (cures.size() < MOST_CURES)
                largestBatch(start).map(this::flags).ifPresent(cures::add);
        streaming().ifPresent(cures::add);
        for (int t = asked.sequence() / 2; t >= SHORTEST_SEQUENCE && cures.isEmpty(); t /= 2)
            for (var start : variants(asked.withSequence(t)))
                if (cures.isEmpty()) largestBatch(start).map(this::flags).ifPresent(cures::add);
        return cures;
    }

    /// With and without recomputation, in the dtype asked for and in the other.
    private static List<StepOptions> variants(StepOptions from) {
        var other = from.dtype() == DType.F32 ? DType.BF16 : DType.F32;
        return Stream.of(from, from.withDtype(other))
                .flatMap(o -> Stream.of(o, o.withRecompute(true)))
                .distinct()
                .toList();
    }

    /// As many sequences at once as fit; the rest become micro-batches, so that a step learns from
    /// as many tokens as before.
    private Optional<StepOptions> largestBatch(StepOptions from) {
        for (int parts = 1; parts <= asked.batch(); parts++) {
            if (asked.batch() % parts != 0) continue;
            var smaller =
                    from.withBatch(asked.batch() / parts)
                            .withMicroBatches(asked.microBatches() * parts);
            if (bytes(config, smaller).orElse(Long.MAX_VALUE) <= free) return Optional.of(smaller);
        }
        return Optional.empty();
    }

    private OptionalLong bytes(Config of, StepOptions options) {
        try {
            return OptionalLong.of(MemoryTable.total(StepGraph.plan(of, options, device)));
        } catch (InvalidModel _) {
            return OptionalLong.empty();
        }
    }

    /// What differs from what was asked for, and what it needs.
    private String flags(StepOptions cure) {
        var flags = new ArrayList<String>();
        if (cure.batch() != asked.batch()) {
            flags.add("--batch " + cure.batch());
            flags.add("--micro-batches " + cure.microBatches());
        }
        if (cure.sequence() != asked.sequence()) flags.add("--seq " + cure.sequence());
        if (cure.recompute() != asked.recompute()) flags.add("--recompute");
        if (cure.dtype() != asked.dtype()) flags.add("--dtype " + cure.dtype().label());
        return "%s (%s)"
                .formatted(
                        String.join(" ", flags), Si.binaryBytes(bytes(config, cure).orElseThrow()));
    }

    /// The least that the model takes on this device, what of it no flag changes, and the largest
    /// preset that would fit.
    private String hopeless() {
        int shortest = Math.min(asked.sequence(), SHORTEST_SEQUENCE);
        var least =
                variants(asked.withSequence(shortest).withBatch(1).withMicroBatches(1)).stream()
                        .min(Comparator.comparingLong(o -> bytes(config, o).orElseThrow()))
                        .orElseThrow();
        long fixed =
                StepGraph.plan(config, least).entrySet().stream()
                        .filter(e -> PER_PARAMETER.contains(e.getKey().kind()))
                        .mapToLong(e -> e.getValue())
                        .sum();
        return "no flag makes it fit: with one sequence of %d at a time, recomputed, in %s, it still"
                        .formatted(shortest, least.dtype().label())
                + " needs %s, of which weights, gradients and moments are %s; %s"
                        .formatted(
                                Si.binaryBytes(bytes(config, least).orElseThrow()),
                                Si.binaryBytes(fixed),
                                smallerModel());
    }

    private String smallerModel() {
        var one = asked.withBatch(1).withMicroBatches(1).withRecompute(true);
        return Presets.names().stream()
                .filter(name -> bytes(Presets.of(name), one).orElse(Long.MAX_VALUE) <= free)
                .max(Comparator.comparingLong(name -> Parameters.of(Presets.of(name)).count()))
                .map("the largest preset that fits with --batch 1 --recompute is %s"::formatted)
                .orElse("none of the presets fits either");
    }

    private static String exact(long bytes) {
        return String.format(Locale.ROOT, "%,d bytes (%s)", bytes, Si.binaryBytes(bytes));
    }
}
