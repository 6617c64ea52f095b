package dev.ridgeline.residency;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Finds the fastest way to run a step in a given memory.
///
/// Every combination of what is kept, of how much memory is left for copies in flight, and of
/// keeping activations or computing them again is laid out to the byte and its step predicted op by
/// op; the fastest is taken.
public final class Planner {
    /// The same step as one of several lists of ops.
    public record Variant(boolean recomputes, Trace trace) {}

    /// How it is chosen what is kept, in words.
    private record Choice(String name, Function<Long, Retention> retention) {}

    /// Shares of the memory that nothing is kept in, for copies in flight.
    private static final List<Double> RESERVES = List.of(0.0, 0.04, 0.12, 0.3);

    /// Shares of the memory that are tried where a denser choice leaves no room between places.
    private static final List<Double> ROOMS = List.of(1.0, 0.97, 0.94, 0.9, 0.85, 0.75);

    /// Where bytes count: halvings of the search for the largest share of the memory that can be
    /// laid out, the least of them, and how often places are looked for in each order.
    private static final int HALVINGS = 6;

    private static final double SMALLEST = 0.6;

    private static final int TRIES = 24;

    /// Share of a step's time that is not worth another plan.
    private static final double LITTLE = 0.003;

    private final List<Variant> variants;
    private final Speeds speeds;
    private final Map<Boolean, List<Speeds.OpSpeed>> ops = new HashMap<>();

    public Planner(List<Variant> variants, Speeds speeds) {
        this.variants = List.copyOf(variants);
        this.speeds = speeds;
        for (var variant : variants) ops.put(variant.recomputes, speeds.of(variant.trace.ops()));
    }

    /// The least capacity for which there is a plan, in bytes.
    public long least() {
        return variants.stream()
                .mapToLong(v -> new Packing(v.trace, nothingKept(v).stays()).least())
                .min()
                .orElseThrow();
    }

    /// The least capacity for which nothing is ever copied, in bytes.
    public long whole() {
        return variants.stream()
                .filter(v -> !v.recomputes)
                .mapToLong(v -> new Packing(v.trace, retention(v).all().stays()).least())
                .min()
                .orElseThrow();
    }

    private Retention retention(Variant variant) {
        double[] seconds =
                ops.get(variant.recomputes).stream().mapToDouble(Speeds.OpSpeed::alone).toArray();
        return new Retention(variant.trace, seconds);
    }

    private Retention nothingKept(Variant variant) {
        return retention(variant);
    }

    /// The fastest plan that fits, and why it is.
    public record Decision(Plan plan, String reason) {}

    /// @param capacity bytes
    /// @return empty if there is none; [#least] is then more
    public Optional<Decision> decide(long capacity) {
        var found = new ArrayList<Plan>();
        for (var variant : variants) {
            var plans = plans(variant, capacity);
            found.addAll(plans);
            // computing more cannot be faster than waiting for nothing
            boolean idle = plans.stream().anyMatch(p -> p.stallSeconds() < LITTLE * p.seconds());
            if (idle && !variant.recomputes) break;
        }
        return found.stream()
                .min(Comparator.comparingDouble(Plan::seconds).thenComparingLong(Planner::bytes))
                .map(best -> new Decision(best, reason(best, found)));
    }

    /// A plan that depends on no speeds: everything on the device, or nothing kept there.
    Optional<Plan> simplest(long capacity) {
        var variant = variants.getFirst();
        return laid(variant, retention(variant).all().stays(), capacity)
                .or(() -> laid(variant, nothingKept(variant).stays(), capacity));
    }

    private List<Plan> plans(Variant variant, long capacity) {
        var found = new ArrayList<Plan>();
        laid(variant, retention(variant).all().stays(), capacity).ifPresent(found::add);
        if (!found.isEmpty()) return found;
        choices(variant).parallelStream()
                .flatMap(choice -> reserving(variant, choice, capacity))
                .forEachOrdered(found::add);
        if (found.isEmpty())
            plan(variant, nothingKept(variant).stays(), capacity).ifPresent(found::add);
        var least = new LeastTraffic(variant.trace);
        if (waits(found) <= leastWait(least, capacity)) return found;
        filled(variant, c -> retention(variant).leastTraffic(least, c, Packing.ALIGNMENT), capacity)
                .ifPresent(found::add);
        filled(variant, c -> retention(variant).belady(c), capacity).ifPresent(found::add);
        return found;
    }

    /// The plan of a choice for each of the reserves.
    private Stream<Plan> reserving(Variant variant, Choice choice, long capacity) {
        return RESERVES.stream()
                .flatMap(
                        reserve ->
                                ROOMS.stream()
                                        .map(room -> (long) (capacity * (1 - reserve) * room))
                                        .map(target -> choice.retention.apply(target).stays())
                                        .flatMap(stays -> plan(variant, stays, capacity).stream())
                                        .limit(1));
    }

    private static double waits(List<Plan> plans) {
        return plans.stream().mapToDouble(Plan::stallSeconds).min().orElse(0);
    }

    /// Seconds that a plan waits at least which gives copies no time: for all that it fetches,
    /// which is at least half of what is copied, because nothing is stored that is not fetched.
    private double leastWait(LeastTraffic least, long capacity) {
        return least.within(capacity).orElse(0) / 2 / speeds.in();
    }

    /// The plan that moves few bytes and gives copies no time: as much of the memory is chosen for
    /// as places are found in, and what else can be kept has all the room there is.
    private Optional<Plan> filled(
            Variant whole, Function<Long, Retention> retention, long capacity) {
        double from = SMALLEST;
        double to = 1;
        Optional<Filling> found = Optional.empty();
        for (int i = 0; i <= HALVINGS && from < 1; i++) {
            double room = i == 0 ? 1 : (from + to) / 2;
            var kept = retention.apply((long) (capacity * room));
            var addresses = new Packing(kept.trace(), kept.stays()).within(capacity, TRIES);
            if (addresses.isPresent()) {
                from = room;
                found = Optional.of(new Filling(kept, addresses.get(), capacity));
            } else to = room;
        }
        return found.map(
                f -> {
                    f.fill();
                    var variant = new Variant(whole.recomputes, f.trace());
                    return plan(variant, capacity, f.stays(), f.addresses());
                });
    }

    private static long bytes(Plan plan) {
        return plan.bytesIn() + plan.bytesOut();
    }

    private List<Choice> choices(Variant variant) {
        return List.of(
                new Choice("moments first", c -> retention(variant).densest(c, true)),
                new Choice("densest", c -> retention(variant).densest(c, false)),
                new Choice("belady", c -> retention(variant).belady(c)));
    }

    /// The plan with copies as early as there is room for them.
    private Optional<Plan> plan(Variant variant, List<Stay> stays, long capacity) {
        var bare = laid(variant, stays, capacity);
        return Stream.concat(
                        bare.stream(),
                        bare.stream()
                                .flatMap(b -> early(variant, stays, capacity, b.timeline()))
                                .flatMap(
                                        p ->
                                                Stream.concat(
                                                        Stream.of(p),
                                                        early(
                                                                variant,
                                                                stays,
                                                                capacity,
                                                                p.timeline()))))
                .min(Comparator.comparingDouble(Plan::seconds));
    }

    private Stream<Plan> early(
            Variant variant, List<Stay> stays, long capacity, Timeline.Result known) {
        return ROOMS.stream()
                .flatMap(
                        room ->
                                laid(
                                        variant,
                                        new Reservation(
                                                        variant.trace,
                                                        stays,
                                                        speeds,
                                                        (long) (capacity * room),
                                                        known.begins(),
                                                        known.seconds())
                                                .stays(),
                                        capacity)
                                        .stream())
                .limit(1);
    }

    private Optional<Plan> laid(Variant variant, List<Stay> stays, long capacity) {
        return new Packing(variant.trace, stays)
                .within(capacity)
                .map(addresses -> plan(variant, capacity, stays, addresses));
    }

    private Plan plan(Variant variant, long capacity, List<Stay> stays, long[] addresses) {
        var schedule = new Schedule(variant.trace, stays, addresses, speeds.duplex());
        var timeline = new Timeline(schedule, ops.get(variant.recomputes), speeds).result();
        return new Plan(variant, capacity, stays, addresses, schedule, timeline);
    }

    /// One sentence.
    private String reason(Plan best, List<Plan> all) {
        if (best.moves().isEmpty()) return "everything fits, so nothing is copied";
        var others =
                all.stream()
                        .filter(p -> p.variant().recomputes() != best.variant().recomputes())
                        .min(Comparator.comparingDouble(Plan::seconds));
        var rival =
                others.map(
                                p ->
                                        String.format(
                                                Locale.ROOT,
                                                "; %s would take %.3g s",
                                                p.variant().recomputes()
                                                        ? "computing activations again"
                                                        : "keeping activations",
                                                p.seconds()))
                        .orElse("");
        double hidden = best.copySeconds(speeds.duplex()) - best.stallSeconds();
        return String.format(
                Locale.ROOT,
                "the fastest of %d plans that fit, %.3g s, of which %.3g s wait for copies and"
                        + " %.3g s of copies are hidden%s",
                all.stream().map(Plan::seconds).collect(Collectors.toSet()).size(),
                best.seconds(),
                best.stallSeconds(),
                hidden,
                rival);
    }
}
