package dev.ridgeline.placement;

import dev.ridgeline.hardware.Precision;
import dev.ridgeline.hardware.Quantity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntToDoubleFunction;

/// The shortest time a training step can take on a part: the longest of what its arithmetic, its
/// memory and its links need, each at the catalog's peak and all at once. Every expert is taken to
/// be met by some token; links are those within a machine, which no network is faster than.
///
/// @param terms what is known of the part
public record StepFloor(List<Term> terms) {
    /// @param work flops or bytes of the device that has most
    /// @param rate per second
    public record Term(String name, double work, double rate, String unit, String formula) {
        public double seconds() {
            return work / rate;
        }
    }

    /// Read: gradient, f32 weight, two moments; written: f32 weight, two moments, bf16 weight.
    private static final int UPDATE = 2 + 12 + 12 + 2;

    /// @param sequences of a step, on all devices together
    /// @param sequence tokens of each
    public static StepFloor of(Placement placement, Part part, int sequences, int sequence) {
        return of(placement, part, sequences, sequence, _ -> Streaming.NONE);
    }

    /// @param usable bytes of each device; what is more is streamed
    public static StepFloor of(
            Placement placement, Part part, int sequences, int sequence, long usable) {
        return of(placement, part, sequences, sequence, r -> Streaming.of(placement, r, usable));
    }

    private static StepFloor of(
            Placement placement,
            Part part,
            int sequences,
            int sequence,
            IntFunction<Streaming> streaming) {
        var layout = placement.layout();
        double tokens = (double) sequences * sequence;
        var terms = new ArrayList<Term>();
        var peak = part.sku().peak(Precision.BF16);
        double flops = placement.config().flopsPerToken(sequence) * tokens / layout.devices();
        peak.ifPresent(
                p ->
                        terms.add(
                                new Term(
                                        "compute, bf16 dense",
                                        flops,
                                        p.value(),
                                        "flop/s",
                                        "(6 N + 6 L A S) tokens / devices, N parameters a token"
                                                + " meets")));
        var memory = part.sku().figure(Quantity.MEMORY_BANDWIDTH);
        double moved = most(placement, r -> memory(placement, r));
        memory.ifPresent(
                m ->
                        terms.add(
                                new Term(
                                        "memory",
                                        moved,
                                        m.value(),
                                        "byte/s",
                                        "%d B of each parameter computed with: 2 reads of its"
                                                        .formatted(
                                                                2 * Demand.WEIGHT + Demand.GRADIENT)
                                                + " weight, its gradient; %d B of each updated"
                                                        .formatted(UPDATE))));
        double between = most(placement, r -> peers(placement, r, tokens));
        if (between > 0)
            part.peerLink()
                    .ifPresent(
                            link ->
                                    terms.add(
                                            new Term(
                                                    "links between devices, each way",
                                                    between,
                                                    link,
                                                    "byte/s",
                                                    formula(layout))));
        double host =
                most(
                        placement,
                        r -> {
                            var s = streaming.apply(r);
                            return Math.max(s.in(), s.out());
                        });
        if (host > 0)
            part.hostLink()
                    .ifPresent(
                            link ->
                                    terms.add(
                                            new Term(
                                                    "link to the host, in",
                                                    host,
                                                    link,
                                                    "byte/s",
                                                    "optimizer and gradients once, weights twice;"
                                                            + " of what does not fit")));
        return new StepFloor(List.copyOf(terms));
    }

    private static double most(Placement placement, IntToDoubleFunction work) {
        return Arrays.stream(placement.distinct()).mapToDouble(work).max().orElseThrow();
    }

    private static double memory(Placement placement, int rank) {
        double used = placement.used(rank);
        double updated = placement.layout().zero() >= 1 ? placement.owned(rank) : used;
        return (2.0 * Demand.WEIGHT + Demand.GRADIENT) * used + UPDATE * updated;
    }

    /// Bytes a device receives in a step, which are as many as it sends.
    static double peers(Placement placement, int rank, double tokens) {
        var layout = placement.layout();
        double data = layout.data();
        double tensor = layout.tensor();
        double width = placement.config().width();
        int passes = layout.zero() == 3 ? 3 : 2;
        double shards = passes * (data - 1) / data * Demand.WEIGHT * placement.used(rank);
        double activations = tokens / data * width * Demand.WEIGHT;
        long layers =
                placement.groups(layout.stage(rank)).stream()
                        .filter(g -> g.startsWith("layer"))
                        .count();
        double sums = 4 * layers * 2 * (tensor - 1) / tensor * activations;
        double handed = layout.stages() > 1 ? 2 * activations / tensor : 0;
        return shards + sums + handed;
    }

    private static String formula(Layout layout) {
        var parts = new ArrayList<String>();
        if (layout.data() > 1)
            parts.add(
                    "%s (d-1)/d 2 B of each parameter computed with, d = %d copies (%s)"
                            .formatted(
                                    layout.zero() == 3 ? "3" : "2",
                                    layout.data(),
                                    layout.zero() == 3
                                            ? "gathered twice, gradients reduced"
                                            : "gradients reduced, results gathered"));
        if (layout.tensor() > 1)
            parts.add(
                    "4 sums of a layer, 2 (t-1)/t tokens/d width 2 B each, t = %d"
                            .formatted(layout.tensor()));
        if (layout.stages() > 1) parts.add("2 tokens/d width 2 B / t from stage to stage");
        return String.join("; ", parts);
    }

    /// The longest.
    public Optional<Term> binding() {
        return terms.stream().max(Comparator.comparingDouble(Term::seconds));
    }
}
