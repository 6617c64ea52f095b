package dev.ridgeline.residency;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
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
    static final long ALIGNMENT = 256;

    /// More than any device has.
    private static final long LARGE = Long.MAX_VALUE / 2;

    /// Share of the most that is ever needed at once which makes an op one of the fullest.
    private static final double FULL = 0.97;

    /// @param begin of the first piece in its region
    /// @param full how many of the fullest ops it is there during
    /// @param always whether it never leaves
    record Group(
            List<Integer> stays, long begin, long bytes, long time, int full, boolean always) {}

    private final Trace trace;
    private final List<Stay> stays;
    private final int turn;
    private final List<Group> groups;
    private final BitSet full;
    private final int[] from;
    private final int[] length;
    private final long[] begin;
    private final long[] bytes;

    Packing(Trace trace, List<Stay> stays) {
        this.trace = trace;
        this.stays = stays;
        turn = trace.ops().size();
        int count = stays.size();
        from = new int[count];
        length = new int[count];
        begin = new long[count];
        bytes = new long[count];
        for (int s = 0; s < count; s++) {
            var stay = stays.get(s);
            var piece = trace.pieces().get(stay.piece());
            from[s] = Math.floorMod(stay.from(), turn);
            length[s] = stay.until() - stay.from();
            begin[s] = piece.begin();
            bytes[s] = piece.bytes();
        }
        full = full();
        groups = groups();
    }

    List<Group> all() {
        return groups;
    }

    /// An address for each stay below `capacity`; empty if none were found.
    Optional<long[]> within(long capacity) {
        return within(capacity, 1);
    }

    /// The same, with more tries: what finds no place goes first in the next one.
    ///
    /// @param tries of each order
    Optional<long[]> within(long capacity, int tries) {
        for (var order : orders()) {
            var addresses = placed(groups.stream().sorted(order).toList(), capacity, tries);
            if (addresses.isPresent()) return addresses;
        }
        return Optional.empty();
    }

    private Optional<long[]> placed(List<Group> order, long capacity, int tries) {
        var groups = new ArrayList<>(order);
        for (int i = 0; i < tries; i++) {
            long[] addresses = new long[stays.size()];
            int failed = placed(groups, capacity, addresses);
            if (failed == groups.size()) return Optional.of(addresses);
            groups.addFirst(groups.remove(failed));
        }
        return Optional.empty();
    }

    /// The least capacity that [#within] finds room in.
    long least() {
        return orders().stream()
                .mapToLong(
                        order -> {
                            long[] addresses = new long[stays.size()];
                            placed(groups.stream().sorted(order).toList(), LARGE, addresses);
                            return height(addresses);
                        })
                .min()
                .orElseThrow();
    }

    private long height(long[] addresses) {
        return IntStream.range(0, addresses.length)
                .mapToLong(s -> addresses[s] + bytes[s])
                .max()
                .orElse(0);
    }

    private List<Comparator<Group>> orders() {
        Comparator<Group> always = Comparator.comparing(g -> !g.always);
        return List.of(
                always.thenComparing(Comparator.comparingLong(Group::bytes).reversed()),
                always.thenComparing(g -> -(double) g.bytes * g.time),
                always.thenComparing(Comparator.comparingLong(Group::time).reversed()),
                Comparator.comparingInt(Group::full)
                        .reversed()
                        .thenComparing(Comparator.comparingLong(Group::time).reversed()));
    }

    /// The ops during which memory is nearly as full as ever.
    private BitSet full() {
        long[] demand = new long[turn];
        for (int s = 0; s < stays.size(); s++)
            for (int t = 0; t < length[s]; t++) demand[(from[s] + t) % turn] += bytes[s];
        long most = Arrays.stream(demand).max().orElse(0);
        var found = new BitSet(turn);
        for (int t = 0; t < turn; t++) found.set(t, demand[t] >= FULL * most);
        return found;
    }

    private boolean meet(int a, int b) {
        int later = from[b] - from[a];
        if (later < 0) later += turn;
        return later < length[a] || later > turn - length[b] || later == 0;
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
        long begin = members.stream().mapToLong(s -> this.begin[s]).min().orElseThrow();
        long end = members.stream().mapToLong(s -> this.begin[s] + bytes[s]).max().orElseThrow();
        long time = members.stream().mapToInt(s -> length[s]).max().orElseThrow();
        var there = new BitSet(turn);
        for (int s : members) for (int t = 0; t < length[s]; t++) there.set((from[s] + t) % turn);
        there.and(full);
        boolean always = members.stream().allMatch(s -> stays.get(s).always(turn));
        return new Group(members, begin, end - begin, time, there.cardinality(), always);
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

    /// How many groups of an order find places, one after the other.
    private int placed(List<Group> order, long capacity, long[] addresses) {
        int[] done = new int[stays.size()];
        int count = 0;
        for (int g = 0; g < order.size(); g++) {
            var group = order.get(g);
            long base = lowest(group, addresses, done, count);
            if (base + group.bytes > capacity) return g;
            for (int s : group.stays) {
                addresses[s] = base + begin[s] - group.begin;
                int at = after(done, count, addresses, addresses[s]);
                System.arraycopy(done, at, done, at + 1, count - at);
                done[at] = s;
                count++;
            }
        }
        return order.size();
    }

    /// How many of the first of `done`, in the order of their addresses, come before an address.
    private static int after(int[] done, int count, long[] addresses, long address) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (addresses[done[middle]] < address) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// The lowest base at which no stay of the group meets one that has its address.
    ///
    /// @param done in the order of their addresses
    private long lowest(Group group, long[] addresses, int[] done, int count) {
        long base = aligned(0, group.begin);
        for (boolean moved = true; moved; ) {
            long before = base;
            for (int s : group.stays) {
                long inside = begin[s] - group.begin;
                for (int d = 0; d < count; d++) {
                    int other = done[d];
                    if (addresses[other] >= base + inside + bytes[s]) break;
                    long end = addresses[other] + bytes[other];
                    if (end > base + inside && meet(s, other))
                        base = aligned(end - inside, group.begin);
                }
            }
            moved = base > before && group.stays.size() > 1;
        }
        return base;
    }

    /// The first address from `at` on that is as far from a multiple of the alignment as `begin`.
    static long aligned(long at, long begin) {
        return at + Math.floorMod(begin - at, ALIGNMENT);
    }
}
