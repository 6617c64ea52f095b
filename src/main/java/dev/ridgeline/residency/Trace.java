package dev.ridgeline.residency;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Memory.Region;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Which bytes each op of a list needs and changes, derived from the ops themselves. The list is
/// repeated for ever: what follows the last op is the first.
public final class Trace {
    /// Bytes of a region that are used as one, alone or with their neighbours.
    public record Piece(Region region, long begin, long end) {
        public long bytes() {
            return end - begin;
        }

        boolean within(Piece other) {
            return region.equals(other.region) && other.begin <= begin && end <= other.end;
        }
    }

    /// @param op number of the op
    /// @param reads whether it needs what the piece holds; one that only writes overwrites it all
    public record Use(int op, boolean reads, boolean writes) {}

    /// Neighbouring pieces `[first, last]` that one op uses as one stretch of memory.
    public record Span(int first, int last) {}

    private record Stretch(Region region, long begin, long end, boolean reads, boolean writes) {}

    private final List<Op> ops;
    private final Function<Buffer, Optional<Region>> regions;
    private final Map<Region, Set<Long>> cuts;
    private final List<Piece> pieces = new ArrayList<>();
    private final List<List<Use>> uses = new ArrayList<>();
    private final List<List<Span>> spans = new ArrayList<>();

    /// @param regions of the buffers that are to be placed; what is in others stays where it is,
    ///   and so does what is of [Kind#STATE]
    public Trace(List<? extends Op> ops, Function<Buffer, Optional<Region>> regions) {
        this(ops, regions, Map.of());
    }

    /// @param cuts bytes of regions where pieces end besides
    private Trace(
            List<? extends Op> ops,
            Function<Buffer, Optional<Region>> regions,
            Map<Region, Set<Long>> cuts) {
        this.ops = List.copyOf(ops);
        this.regions = regions;
        this.cuts = cuts;
        var stretches = this.ops.stream().map(op -> stretches(op, regions)).toList();
        var byRegion =
                stretches.stream()
                        .flatMap(List::stream)
                        .collect(
                                Collectors.groupingBy(
                                        Stretch::region, LinkedHashMap::new, Collectors.toList()));
        var first = new HashMap<Region, Integer>();
        byRegion.forEach(
                (region, all) -> {
                    first.put(region, pieces.size());
                    cut(region, all, cuts.getOrDefault(region, Set.of()));
                });
        for (int p = 0; p < pieces.size(); p++) uses.add(new ArrayList<>());
        for (int op = 0; op < stretches.size(); op++) {
            var found = new ArrayList<Span>();
            for (var s : stretches.get(op)) found.add(span(s, op, first.get(s.region)));
            spans.add(List.copyOf(found));
        }
    }

    /// The same with smaller pieces.
    ///
    /// @param cuts bytes of regions where pieces end besides
    Trace cut(Map<Region, Set<Long>> cuts) {
        if (cuts.isEmpty()) return this;
        var all = new HashMap<>(this.cuts);
        cuts.forEach(
                (region, more) ->
                        all.merge(
                                region,
                                more,
                                (a, b) ->
                                        Stream.concat(a.stream(), b.stream())
                                                .collect(Collectors.toSet())));
        return new Trace(ops, regions, all);
    }

    /// Cuts a region wherever a stretch begins or ends; what none covers is no piece.
    private void cut(Region region, List<Stretch> stretches, Set<Long> more) {
        var cuts = new TreeSet<>(more);
        for (var s : stretches) {
            cuts.add(s.begin);
            cuts.add(s.end);
        }
        for (long begin : cuts) {
            Long end = cuts.higher(begin);
            if (end != null && stretches.stream().anyMatch(s -> s.begin <= begin && end <= s.end))
                pieces.add(new Piece(region, begin, end));
        }
    }

    private Span span(Stretch s, int op, int from) {
        int first = from;
        while (pieces.get(first).begin < s.begin) first++;
        int last = first;
        while (pieces.get(last).end < s.end) last++;
        for (int p = first; p <= last; p++) uses.get(p).add(new Use(op, s.reads, s.writes));
        return new Span(first, last);
    }

    /// The stretches that an op touches, those that meet united.
    private static List<Stretch> stretches(Op op, Function<Buffer, Optional<Region>> regions) {
        var byRegion = new LinkedHashMap<Region, List<Tensor>>();
        for (var tensor : Operands.of(op))
            regions.apply(tensor.buffer())
                    .filter(region -> region.kind() != Kind.STATE)
                    .ifPresent(
                            region ->
                                    byRegion.computeIfAbsent(region, _ -> new ArrayList<>())
                                            .add(tensor));
        var found = new ArrayList<Stretch>();
        for (Map.Entry<Region, List<Tensor>> entry : byRegion.entrySet()) {
            var sorted = new ArrayList<>(entry.getValue());
            sorted.sort(Comparator.comparingLong(Tensor::begin));
            var run = new ArrayList<Tensor>();
            long end = 0;
            for (var tensor : sorted) {
                if (!run.isEmpty() && tensor.begin() >= end) {
                    found.add(stretch(op, entry.getKey(), run, end));
                    run.clear();
                    end = 0;
                }
                run.add(tensor);
                end = Math.max(end, tensor.end());
            }
            found.add(stretch(op, entry.getKey(), run, end));
        }
        return found;
    }

    /// @param run tensors that begin in order and meet
    private static Stretch stretch(Op op, Region region, List<Tensor> run, long end) {
        long begin = run.getFirst().begin();
        var written = op.writes().stream().filter(run::contains).distinct().toList();
        boolean read = op.reads().stream().anyMatch(run::contains);
        // interleaved views, as of queries, keys and values, may fill a stretch together
        boolean filled = written.stream().mapToLong(Tensor::bytes).sum() == end - begin;
        return new Stretch(region, begin, end, read || !filled, !written.isEmpty());
    }

    /// The region that a buffer stands for; empty if it has memory.
    Optional<Region> region(Buffer buffer) {
        return regions.apply(buffer);
    }

    public List<Op> ops() {
        return ops;
    }

    public List<Piece> pieces() {
        return pieces;
    }

    /// In the order of the ops; never empty.
    public List<Use> uses(int piece) {
        return uses.get(piece);
    }

    public List<Span> spans(int op) {
        return spans.get(op);
    }

    /// Ops after `from` until `to` comes round; a whole turn if they are the same.
    int distance(int from, int to) {
        return to > from ? to - from : to - from + ops.size();
    }

    /// Bytes that are touched at all, and so could be held.
    public long bytes() {
        return pieces.stream().mapToLong(Piece::bytes).sum();
    }
}
