package dev.ridgeline.residency;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/// Keeps more of a choice whose stays have places: what was dropped between two uses is given a
/// place that the memory between others' leaves for some of it, and that much is kept.
final class Filling {
    /// The time between two stays of a piece, of which the second fetches.
    private record Gap(int before, int after, Stay between, long most) {}

    /// @param from first byte of the piece that is kept
    private record Place(long base, long from, long to) {
        long bytes() {
            return to - from;
        }
    }

    private record Try(Trace.Piece piece, int op) {}

    /// A part of the memory that is worth a try.
    private static final long WORTH = 1024;

    /// Gaps that are tried.
    private static final int TRIES = 100;

    private final long capacity;
    private final Set<Try> tried = new HashSet<>();
    private Retention retention;
    private Trace trace;
    private List<Stay> stays;
    private long[] addresses;
    private final int turn;

    /// @param addresses of the stays of the choice
    Filling(Retention retention, long[] addresses, long capacity) {
        this.retention = retention;
        this.addresses = addresses.clone();
        this.capacity = capacity;
        trace = retention.trace();
        stays = retention.stays();
        turn = trace.ops().size();
    }

    /// Keeps what finds a place.
    void fill() {
        while (tried.size() < TRIES && more()) {}
    }

    Trace trace() {
        return trace;
    }

    List<Stay> stays() {
        return stays;
    }

    long[] addresses() {
        return addresses;
    }

    private boolean more() {
        var groups = new HashMap<Integer, Packing.Group>();
        for (var group : new Packing(trace, stays).all())
            for (int s : group.stays()) groups.put(s, group);
        for (var gap : gaps()) {
            var piece = trace.pieces().get(stays.get(gap.before).piece());
            if (tried.size() == TRIES) return false;
            if (!tried.add(new Try(piece, stays.get(gap.before).last() % turn))) continue;
            var moved = new HashSet<>(groups.get(gap.before).stays());
            moved.addAll(groups.get(gap.after).stays());
            var place = place(gap, moved);
            if (place.isPresent()) {
                keep(gap, moved, place.get());
                return true;
            }
        }
        return false;
    }

    /// Those across which something is free at every op, most first.
    private List<Gap> gaps() {
        long[] free = new long[turn];
        Arrays.fill(free, capacity);
        var byPiece = new HashMap<Integer, List<Integer>>();
        for (int s = 0; s < stays.size(); s++) {
            var stay = stays.get(s);
            byPiece.computeIfAbsent(stay.piece(), _ -> new ArrayList<>()).add(s);
            for (int t = stay.from(); t < stay.until(); t++)
                free[Math.floorMod(t, turn)] -= bytes(s);
        }
        var found = new ArrayList<Gap>();
        for (var own : byPiece.values())
            for (int before : own) {
                var stay = stays.get(before);
                if (stay.always(turn)) continue;
                int after =
                        own.stream()
                                .min(
                                        Comparator.comparingInt(
                                                o ->
                                                        Math.floorMod(
                                                                stays.get(o).first()
                                                                        - stay.last()
                                                                        - 1,
                                                                turn)))
                                .orElseThrow();
                int length = Math.floorMod(stays.get(after).first() - stay.last() - 1, turn);
                if (!stays.get(after).fetched() || length == 0) continue;
                int end = stay.last() + 1;
                long most =
                        IntStream.range(end, end + length)
                                .mapToLong(t -> free[t % turn])
                                .min()
                                .orElseThrow();
                most = Math.min(most, bytes(before)) / Packing.ALIGNMENT * Packing.ALIGNMENT;
                if (most * WORTH < capacity) continue;
                int begin = end % turn;
                var between =
                        new Stay(stay.piece(), begin, begin, begin, begin + length, false, false);
                found.add(new Gap(before, after, between, most));
            }
        found.sort(Comparator.comparingLong(g -> -g.most));
        return found;
    }

    private long bytes(int stay) {
        return trace.pieces().get(stays.get(stay).piece()).bytes();
    }

    private long begin(int stay) {
        return trace.pieces().get(stays.get(stay).piece()).begin();
    }

    /// Where most of the piece can stay, if any.
    private Optional<Place> place(Gap gap, Set<Integer> moved) {
        int[] others =
                IntStream.range(0, stays.size())
                        .filter(s -> !moved.contains(s))
                        .boxed()
                        .sorted(Comparator.comparingLong(s -> addresses[s]))
                        .mapToInt(s -> s)
                        .toArray();
        int[] between =
                IntStream.of(others).filter(s -> stays.get(s).meets(gap.between, turn)).toArray();
        var beside = new HashMap<Integer, int[]>();
        for (int m : moved)
            beside.put(
                    m,
                    IntStream.of(others)
                            .filter(s -> stays.get(s).meets(stays.get(m), turn))
                            .toArray());
        long own = begin(gap.before);
        long bytes = bytes(gap.before);
        var bases = new TreeSet<Long>();
        bases.add(Packing.aligned(0, own));
        bases.add(below(capacity, bytes, own));
        for (int s : between) {
            bases.add(Packing.aligned(addresses[s] + bytes(s), own));
            bases.add(below(addresses[s], bytes, own));
        }
        Optional<Place> best = Optional.empty();
        for (long base : bases) {
            var part = part(gap, base, between);
            if (part.bytes() <= best.map(Place::bytes).orElse(0L)) continue;
            if (fits(beside, base - own)) best = Optional.of(part);
            if (best.map(Place::bytes).orElse(0L) >= gap.most) break;
        }
        return best;
    }

    /// The last place for so many bytes that ends at `end` or before.
    private static long below(long end, long bytes, long begin) {
        return Packing.aligned(end - bytes - Packing.ALIGNMENT + 1, begin);
    }

    /// What of the piece nothing else needs in between if it lies at `base`: at one of its ends.
    private Place part(Gap gap, long base, int[] between) {
        long bytes = bytes(gap.before);
        long first = bytes;
        long last = 0;
        for (int s : between) {
            if (addresses[s] >= base + bytes) break;
            if (addresses[s] + bytes(s) <= base) continue;
            first = Math.min(first, Math.max(0, addresses[s] - base));
            last = Math.max(last, Math.min(bytes, addresses[s] + bytes(s) - base));
        }
        if (first == bytes) return new Place(base, 0, bytes);
        long unit = Packing.ALIGNMENT;
        first = first / unit * unit;
        last = Math.min(bytes, Math.ceilDiv(last, unit) * unit);
        return first >= bytes - last ? new Place(base, 0, first) : new Place(base, last, bytes);
    }

    /// @param beside for each stay that moves those that it must not meet
    private boolean fits(Map<Integer, int[]> beside, long shift) {
        for (var entry : beside.entrySet()) {
            long at = begin(entry.getKey()) + shift;
            long end = at + bytes(entry.getKey());
            if (at < 0 || end > capacity) return false;
            for (int s : entry.getValue()) {
                if (addresses[s] >= end) break;
                if (addresses[s] + bytes(s) > at) return false;
            }
        }
        return true;
    }

    private void keep(Gap gap, Set<Integer> moved, Place place) {
        int chosen = stays.get(gap.before).piece();
        var piece = trace.pieces().get(chosen);
        int op = stays.get(gap.before).last() % turn;
        int use =
                IntStream.range(0, trace.uses(chosen).size())
                        .filter(u -> trace.uses(chosen).get(u).op() == op)
                        .findFirst()
                        .orElseThrow();
        for (int m : moved) addresses[m] = place.base + begin(m) - piece.begin();
        long from = piece.begin() + place.from;
        long to = piece.begin() + place.to;
        var next =
                retention.cut(
                        Map.of(piece.region(), Set.of(from, to)),
                        (p, u, part) ->
                                retention.kept(p, u)
                                        || p == chosen
                                                && u == use
                                                && part.begin() >= from
                                                && part.end() <= to);
        readdress(next);
    }

    /// Every part stays where the whole was.
    private void readdress(Retention next) {
        var byPiece = new HashMap<Integer, List<Integer>>();
        for (int s = 0; s < stays.size(); s++)
            byPiece.computeIfAbsent(stays.get(s).piece(), _ -> new ArrayList<>()).add(s);
        var found = next.stays();
        long[] at = new long[found.size()];
        int[] parents = new int[next.trace().pieces().size()];
        int whole = 0;
        for (int p = 0; p < parents.length; p++) {
            while (!next.trace().pieces().get(p).within(trace.pieces().get(whole))) whole++;
            parents[p] = whole;
        }
        for (int s = 0; s < at.length; s++) {
            var stay = found.get(s);
            int before =
                    byPiece.get(parents[stay.piece()]).stream()
                            .filter(o -> stays.get(o).holds(stay.first(), turn))
                            .findFirst()
                            .orElseThrow();
            at[s] =
                    addresses[before]
                            + next.trace().pieces().get(stay.piece()).begin()
                            - begin(before);
        }
        retention = next;
        trace = next.trace();
        stays = found;
        addresses = at;
    }
}
