package dev.ridgeline.residency;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Addresses for stays, chosen ahead, so that no two have the same byte at the same time: dynamic
/// storage allocation with known lifetimes, solved greedily as memory planners of inference engines
/// do (arXiv 2001.03288).
///
/// Pieces that an op uses as one stretch are placed together, at the distances they have in their
/// region; each still leaves its part of the place when its own time is over.
final class Packing {
    /// Bytes at which tensors begin.
    private static final long ALIGNMENT = 256;

    /// @param begin of the first piece in its region
    private record Group(List<Integer> stays, long begin, long bytes, long time) {}

    private final Trace trace;
    private final List<Stay> stays;
    private final int turn;
    private final List<Group> groups;

    Packing(Trace trace, List<Stay> stays) {
        this.trace = trace;
        this.stays = stays;
        turn = trace.ops().size();
        groups = groups();
    }

    /// An address for each stay below `capacity`; empty if none were found.
    Optional<long[]> within(long capacity) {
        for (var order : orders()) {
            var addresses = placed(order, capacity);
            if (addresses.isPresent()) return addresses;
        }
        return Optional.empty();
    }

    /// The least capacity that [#within] finds room in.
    long least() {
        return orders().stream()
                .mapToLong(order -> height(placed(order, Long.MAX_VALUE / 2).orElseThrow()))
                .min()
                .orElseThrow();
    }

    private long height(long[] addresses) {
        return IntStream.range(0, addresses.length)
                .mapToLong(s -> addresses[s] + bytes(s))
                .max()
                .orElse(0);
    }

    private List<Comparator<Group>> orders() {
        Comparator<Group> always = Comparator.comparing(g -> !always(g));
        return List.of(
                always.thenComparing(Comparator.comparingLong(Group::bytes).reversed()),
                always.thenComparing(g -> -(double) g.bytes * g.time),
                always.thenComparing(Comparator.comparingLong(Group::time).reversed()));
    }

    private boolean always(Group group) {
        return group.stays.stream().allMatch(s -> stays.get(s).always(turn));
    }

    private long bytes(int stay) {
        return trace.pieces().get(stays.get(stay).piece()).bytes();
    }

    private long begin(int stay) {
        return trace.pieces().get(stays.get(stay).piece()).begin();
    }

    private List<Group> groups() {
        int[] parent = IntStream.range(0, stays.size()).toArray();
        var byPiece = new ArrayList<List<Integer>>();
        for (int p = 0; p < trace.pieces().size(); p++) byPiece.add(new ArrayList<>());
        for (int s = 0; s < stays.size(); s++) byPiece.get(stays.get(s).piece()).add(s);
        for (int op = 0; op < turn; op++)
            for (var span : trace.spans(op))
                for (int p = span.first() + 1; p <= span.last(); p++)
                    parent[root(parent, at(byPiece.get(p), op))] =
                            root(parent, at(byPiece.get(span.first()), op));
        var members = new ArrayList<List<Integer>>();
        for (int s = 0; s < stays.size(); s++) members.add(new ArrayList<>());
        for (int s = 0; s < stays.size(); s++) members.get(root(parent, s)).add(s);
        return members.stream().filter(m -> !m.isEmpty()).map(this::group).toList();
    }

    private Group group(List<Integer> members) {
        long begin = members.stream().mapToLong(this::begin).min().orElseThrow();
        long end = members.stream().mapToLong(s -> begin(s) + bytes(s)).max().orElseThrow();
        long time =
                members.stream()
                        .mapToLong(s -> stays.get(s).until() - stays.get(s).from())
                        .max()
                        .orElseThrow();
        return new Group(members, begin, end - begin, time);
    }

    private int at(List<Integer> candidates, int op) {
        for (int s : candidates) {
            var stay = stays.get(s);
            if (Math.floorMod(op - stay.first(), turn) <= stay.last() - stay.first()) return s;
        }
        throw new IllegalStateException("a piece is nowhere when op " + op + " needs it");
    }

    private static int root(int[] parent, int of) {
        int at = of;
        while (parent[at] != at) at = parent[at] = parent[parent[at]];
        return at;
    }

    private Optional<long[]> placed(Comparator<Group> order, long capacity) {
        long[] addresses = new long[stays.size()];
        var done = new ArrayList<Integer>();
        for (var group : groups.stream().sorted(order).toList()) {
            long base = lowest(group, addresses, done);
            if (base + group.bytes > capacity) return Optional.empty();
            for (int s : group.stays) {
                addresses[s] = base + begin(s) - group.begin;
                done.add(after(done, addresses, addresses[s]), s);
            }
        }
        return Optional.of(addresses);
    }

    /// How many of `done`, in the order of their addresses, come before an address.
    private static int after(List<Integer> done, long[] addresses, long address) {
        int low = 0;
        int high = done.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (addresses[done.get(middle)] < address) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// The lowest base at which no stay of the group meets one that has its address.
    ///
    /// @param done in the order of their addresses
    private long lowest(Group group, long[] addresses, List<Integer> done) {
        long base = aligned(0, group.begin);
        for (boolean moved = true; moved; ) {
            long before = base;
            for (int s : group.stays) base = lowest(s, base, group.begin, addresses, done);
            moved = base > before && group.stays.size() > 1;
        }
        return base;
    }

    /// The lowest base from `base` on that suits one stay of a group.
    private long lowest(int s, long base, long groupBegin, long[] addresses, List<Integer> done) {
        var stay = stays.get(s);
        long inside = begin(s) - groupBegin;
        long bytes = bytes(s);
        for (int other : done) {
            if (addresses[other] >= base + inside + bytes) break;
            long end = addresses[other] + bytes(other);
            if (end > base + inside && stay.meets(stays.get(other), turn))
                base = aligned(end - inside, groupBegin);
        }
        return base;
    }

    /// The first address from `at` on that is as far from a multiple of the alignment as `begin`.
    private static long aligned(long at, long begin) {
        return at + Math.floorMod(begin - at, ALIGNMENT);
    }
}
