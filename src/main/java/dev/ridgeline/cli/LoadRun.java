package dev.ridgeline.cli;

import dev.ridgeline.load.Arrival;
import dev.ridgeline.load.Copying;
import dev.ridgeline.load.HostMemory;
import dev.ridgeline.load.LoadPlan;
import dev.ridgeline.load.LoadReport;
import dev.ridgeline.load.Loader;
import dev.ridgeline.load.ShardedLoad;
import dev.ridgeline.load.Target;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Site;
import dev.ridgeline.report.Si;
import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.PageCache;
import dev.ridgeline.shard.SafetensorsFile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// Loads a plan as often as the protocol has rounds, with what limits it measured beside it.
final class LoadRun {
    /// Of the files' bytes, that may be missing from a warm cache or left in a cold one.
    private static final double STRAY = 0.001;

    /// All rounds from one state of the page cache.
    ///
    /// @param resident bytes of the files in the page cache before each load, as a share
    /// @param limits bytes per second by name, one for each round
    /// @param beyondRing host memory that came to be used besides the ring, at most
    record Outcome(
            String state,
            List<LoadReport> reports,
            List<Double> resident,
            Map<String, List<Double>> limits,
            Arrival arrival,
            OptionalLong beyondRing) {
        /// The slowest of what limits a load, in a round.
        Map.Entry<String, Double> slowest(int round) {
            return limits.entrySet().stream()
                    .map(e -> Map.entry(e.getKey(), e.getValue().get(round)))
                    .min(Map.Entry.comparingByValue())
                    .orElseThrow();
        }
    }

    private interface Preparation {
        double share();
    }

    private final List<Site> sites;
    private final int ranks;
    private final LoadPlan plan;
    private final Loader.Options options;
    private final Loader loader;
    private final Protocol protocol;

    LoadRun(List<Site> sites, int ranks, LoadPlan plan, Loader.Options options, Protocol protocol) {
        this.sites = sites.stream().distinct().toList();
        this.ranks = ranks;
        this.plan = plan;
        this.options = options;
        this.protocol = protocol;
        loader = new Loader(options);
    }

    List<Site> sites() {
        return sites;
    }

    /// Memories that are loaded.
    int targets() {
        return ranks > 1 ? ranks : sites.size();
    }

    LoadPlan plan() {
        return plan;
    }

    Loader.Options options() {
        return options;
    }

    long ringBytes() {
        return loader.ringBytes(plan) * targets();
    }

    Protocol protocol() {
        return protocol;
    }

    Outcome warm() {
        return rounds("warm", this::warmed);
    }

    Outcome cold() {
        return rounds("cold", this::cooled);
    }

    private Outcome rounds(String state, Preparation preparation) {
        var targets = open();
        try {
            // touches the device's memory, and has the loops compiled
            preparation.share();
            ShardedLoad.run(loader, plan, targets);
            var reports = new ArrayList<LoadReport>();
            var resident = new ArrayList<Double>();
            var limits = new LinkedHashMap<String, List<Double>>();
            OptionalLong beyond = OptionalLong.empty();
            Optional<Arrival> arrival = Optional.empty();
            for (int round = 0; round < protocol.rounds(); round++) {
                // a disk that something else caches is faster the second time: both come first
                if (round % 2 == 0) limit(state, preparation, targets.getFirst(), limits);
                resident.add(preparation.share());
                try (var memory = new HostMemory()) {
                    reports.add(ShardedLoad.run(loader, plan, targets));
                    if (memory.growth().isPresent())
                        beyond =
                                OptionalLong.of(
                                        Math.max(
                                                beyond.orElse(0),
                                                memory.growth().getAsLong() - ringBytes()));
                }
                // before the limits write to the same memory
                if (round == protocol.rounds() - 1) arrival = Optional.of(arrival(targets));
                if (round % 2 == 1) limit(state, preparation, targets.getFirst(), limits);
            }
            return new Outcome(state, reports, resident, limits, arrival.orElseThrow(), beyond);
        } finally {
            targets.forEach(Target::close);
        }
    }

    private List<Target> open() {
        var targets = new ArrayList<Target>();
        try {
            for (int i = 0; i < targets(); i++) {
                var device = sites.get(i % sites.size()).device();
                targets.add(Target.on(device, plan));
            }
            return targets;
        } catch (RuntimeException e) {
            targets.forEach(Target::close);
            throw e;
        }
    }

    private void limit(
            String state,
            Preparation preparation,
            Target target,
            Map<String, List<Double>> limits) {
        if (state.equals("cold")) {
            preparation.share();
            add(limits, "disk, " + options.access().label(), loader.read(plan).rate());
        } else add(limits, "memory copy", Copying.memory(options, target));
        Copying.link(options, target).ifPresent(rate -> add(limits, "link to the device", rate));
    }

    private static void add(Map<String, List<Double>> limits, String name, double rate) {
        limits.computeIfAbsent(name, _ -> new ArrayList<>()).add(rate);
    }

    private double warmed() {
        double share = resident();
        if (share < 1 - STRAY) {
            var buffered =
                    new Loader.Options(
                            Access.BUFFERED,
                            options.readers(),
                            options.blockBytes(),
                            options.places(),
                            false);
            new Loader(buffered).read(plan);
            share = resident();
        }
        if (share < 1 - STRAY)
            throw Fault.environment(
                    "the page cache keeps only %s of the files, so nothing is warm: a smaller"
                            + " checkpoint fits",
                    Si.percent(share));
        return share;
    }

    private double cooled() {
        plan.files().forEach(f -> PageCache.drop(f.path()));
        double share = resident();
        if (share > STRAY)
            throw Fault.environment(
                    "the page cache keeps %s of the files though it was asked to forget them, so"
                            + " nothing is cold",
                    Si.percent(share));
        return share;
    }

    private double resident() {
        long all = 0;
        long found = 0;
        for (SafetensorsFile file : plan.files()) {
            all += file.bytes();
            found += PageCache.resident(file.path());
        }
        return all == 0 ? 1 : (double) found / all;
    }

    private Arrival arrival(List<Target> targets) {
        var all = targets.stream().map(t -> Arrival.check(plan, t)).toList();
        return all.stream().filter(a -> !a.whole()).findFirst().orElse(all.getFirst());
    }
}
