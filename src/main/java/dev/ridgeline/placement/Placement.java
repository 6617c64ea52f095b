package dev.ridgeline.placement;

import dev.ridgeline.model.Config;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.model.Parameters.Group;
import dev.ridgeline.model.Role;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// Which elements of a model each device of a layout has.
///
/// A rank's memory has its groups one after the other: embeddings, layers, head. Where weights are
/// sharded, a group's elements on a tensor rank are one flat run that the copies cut into equal
/// shards, the last ones padded.
public final class Placement {
    private final Config config;
    private final Layout layout;
    private final Parameters parameters;
    private final TensorSplit split;

    /// Groups of each stage; the tied table of embeddings is in the last one too.
    private final List<List<Group>> stages;

    /// Elements of each group on each tensor rank.
    private final Map<String, long[]> elements = new TreeMap<>();

    private Placement(Config config, Layout layout) {
        layout.requireFit(config);
        this.config = config;
        this.layout = layout;
        parameters = Parameters.of(config);
        split = new TensorSplit(config, layout.tensor());
        for (var group : parameters.groups())
            elements.put(
                    group.name(),
                    IntStream.range(0, layout.tensor())
                            .mapToLong(rank -> elements(group, rank))
                            .toArray());
        stages = stages();
    }

    /// @throws dev.ridgeline.model.InvalidModel if the model cannot be shared like this
    public static Placement of(Config config, Layout layout) {
        return new Placement(config, layout);
    }

    private Placement(Placement other, Layout layout) {
        this.layout = layout;
        config = other.config;
        parameters = other.parameters;
        split = other.split;
        elements.putAll(other.elements);
        stages = other.stages;
    }

    /// The same on another number of devices, by more or fewer copies.
    public Placement on(int devices) {
        return new Placement(this, layout.withDevices(devices));
    }

    /// A rank of each stage and tensor rank: the others are copies of one of these.
    public int[] distinct() {
        return IntStream.range(0, layout.devices()).filter(r -> layout.copy(r) == 0).toArray();
    }

    private long elements(Group group, int rank) {
        long sum = 0;
        for (var unit : group.units())
            for (var part : split.of(unit, rank))
                for (var runs : part) sum = Math.addExact(sum, runs.total());
        return sum;
    }

    /// Consecutive groups such that the largest stage is as small as can be.
    private List<List<Group>> stages() {
        var groups = parameters.groups();
        long low = groups.stream().mapToLong(this::largest).max().orElse(0);
        long high = groups.stream().mapToLong(this::largest).sum();
        while (low < high) {
            long middle = low + (high - low) / 2;
            if (cut(groups, middle).size() <= layout.stages()) high = middle;
            else low = middle + 1;
        }
        var stages = cut(groups, low);
        // fewer are enough for the same largest one: the longest are cut again
        while (stages.size() < layout.stages()) {
            int longest =
                    IntStream.range(0, stages.size())
                            .boxed()
                            .max((a, b) -> stages.get(a).size() - stages.get(b).size())
                            .orElseThrow();
            var whole = stages.get(longest);
            stages.set(longest, whole.subList(0, whole.size() / 2));
            stages.add(longest + 1, whole.subList(whole.size() / 2, whole.size()));
        }
        if (config.tied() && stages.size() > 1) {
            var last = new ArrayList<>(stages.getLast());
            last.add(new Group("tied head", tokens(), 0, 0));
            elements.put(
                    "tied head",
                    IntStream.range(0, layout.tensor())
                            .mapToLong(rank -> elements(last.getLast(), rank))
                            .toArray());
            stages.set(stages.size() - 1, last);
        }
        return stages;
    }

    private List<Parameters.Unit> tokens() {
        return parameters.embeddingGroup().units().stream()
                .filter(u -> u.role() == Role.TOKENS)
                .toList();
    }

    private long largest(Group group) {
        return IntStream.range(0, layout.tensor())
                .mapToLong(rank -> elements.get(group.name())[rank])
                .max()
                .orElseThrow();
    }

    private List<List<Group>> cut(List<Group> groups, long most) {
        var stages = new ArrayList<List<Group>>();
        var open = new ArrayList<Group>();
        long sum = 0;
        for (var group : groups) {
            if (!open.isEmpty() && sum + largest(group) > most) {
                stages.add(List.copyOf(open));
                open.clear();
                sum = 0;
            }
            open.add(group);
            sum += largest(group);
        }
        stages.add(List.copyOf(open));
        return stages;
    }

    public Config config() {
        return config;
    }

    public Layout layout() {
        return layout;
    }

    public Parameters parameters() {
        return parameters;
    }

    /// The groups of a stage by name.
    public List<String> groups(int stage) {
        return stages.get(stage).stream().map(Group::name).toList();
    }

    /// Elements that the rank computes with: its slices of its stage.
    public long used(int rank) {
        return stages.get(layout.stage(rank)).stream()
                .mapToLong(g -> elements.get(g.name())[layout.tensorRank(rank)])
                .sum();
    }

    /// Elements of a flat shard of each group, padding included.
    public long owned(int rank) {
        return stages.get(layout.stage(rank)).stream()
                .mapToLong(g -> shard(elements.get(g.name())[layout.tensorRank(rank)]))
                .sum();
    }

    /// Elements the rank has of the weights.
    public long kept(int rank) {
        return layout.shardsWeights() ? owned(rank) : used(rank);
    }

    /// Elements of the largest group the rank computes with.
    public long largestGroup(int rank) {
        return stages.get(layout.stage(rank)).stream()
                .mapToLong(g -> elements.get(g.name())[layout.tensorRank(rank)])
                .max()
                .orElseThrow();
    }

    private long shard(long count) {
        return Math.ceilDiv(count, layout.data());
    }

    /// What the rank has of each tensor, in the order of its memory.
    public List<Piece> pieces(int rank) {
        var pieces = new ArrayList<Piece>();
        long base = 0;
        for (var group : stages.get(layout.stage(rank))) {
            long count = elements.get(group.name())[layout.tensorRank(rank)];
            long from = layout.shardsWeights() ? shard(count) * layout.copy(rank) : 0;
            long size = layout.shardsWeights() ? shard(count) : count;
            add(pieces, group, rank, from, Math.min(count, from + size), base);
            base += size;
        }
        return pieces;
    }

    /// @param from of the group's flat elements
    private void add(List<Piece> pieces, Group group, int rank, long from, long to, long base) {
        long at = 0;
        for (var unit : group.units()) {
            var parts = split.of(unit, layout.tensorRank(rank));
            for (int i = 0; i < parts.size(); i++)
                for (var runs : parts.get(i)) {
                    long begin = Math.max(from - at, 0);
                    long end = Math.min(to - at, runs.total());
                    long place = base + at + begin - from;
                    for (var cut : runs.cut(begin, end)) {
                        pieces.add(new Piece(unit.parts().get(i).name(), cut, place));
                        place += cut.total();
                    }
                    at += runs.total();
                }
        }
    }

    /// Elements that every rank of a tensor group has, by role; and those of keys and values that
    /// several have because there are more ranks than key heads.
    public Map<Role, Long> replicated() {
        var all = new TreeMap<Role, Long>();
        if (layout.tensor() == 1) return all;
        for (var group : parameters.groups())
            for (var unit : group.units()) {
                long spread = 0;
                for (int rank = 0; rank < layout.tensor(); rank++)
                    for (var part : split.of(unit, rank))
                        for (var runs : part) spread += runs.total();
                long extra = spread - unit.shape().count();
                if (extra > 0) all.merge(unit.role(), extra / (copies(unit.role()) - 1), Long::sum);
            }
        return all;
    }

    /// Ranks of a tensor group that have the same elements of a role.
    public int copies(Role role) {
        return TensorSplit.whole(role) ? layout.tensor() : split.keyCopies();
    }

    /// Elements of the table that the last stage has again for its head.
    public long tiedCopy() {
        return config.tied() && stages.size() > 1
                ? tokens().stream().mapToLong(u -> u.shape().count()).sum()
                : 0;
    }
}
