package dev.ridgeline.residency;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Memory.Region;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Which pieces stay on the device between two uses.
///
/// The order of uses is known, so the choice is made once. Between two uses a piece may be kept,
/// which costs its bytes of memory for that long, or dropped, which costs a copy out if it was
/// changed and a copy in. What is overwritten next is dropped for nothing.
final class Retention {
    /// What a copy costs besides its bytes, as bytes: some 20 µs at 6 GB/s.
    private static final long COPY = 128L << 10;

    private record Gap(int piece, int number, int begin, int length) {}

    /// Gaps to keep together.
    private record Offer(List<Gap> gaps, double saved, double price) {}

    private final Trace trace;
    private final int turn;
    private final double[] seconds;
    private final List<Gap> gaps = new ArrayList<>();
    private final boolean[][] kept;
    private final long[] demand;

    /// @param seconds that each op takes, by which the time is weighed that memory is held
    Retention(Trace trace, double[] seconds) {
        this.trace = trace;
        this.seconds = seconds;
        turn = trace.ops().size();
        kept = new boolean[trace.pieces().size()][];
        demand = new long[turn];
        for (int p = 0; p < kept.length; p++) {
            var uses = trace.uses(p);
            kept[p] = new boolean[uses.size()];
            for (int u = 0; u < uses.size(); u++) {
                var next = uses.get((u + 1) % uses.size());
                int length = trace.distance(uses.get(u).op(), next.op());
                if (next.reads()) gaps.add(new Gap(p, u, uses.get(u).op(), length));
                demand[uses.get(u).op()] += trace.pieces().get(p).bytes();
            }
        }
    }

    /// Whether a part of a piece is kept after one of its uses.
    interface Choice {
        boolean keeps(int piece, int use, Trace.Piece part);
    }

    /// A choice over smaller pieces.
    ///
    /// @param cuts bytes of regions where pieces end besides
    Retention cut(Map<Region, Set<Long>> cuts, Choice choice) {
        var found = new Retention(trace.cut(cuts), seconds);
        int whole = 0;
        for (int p = 0; p < found.kept.length; p++) {
            var part = found.trace.pieces().get(p);
            while (!part.within(trace.pieces().get(whole))) whole++;
            for (int u = 0; u < found.kept[p].length; u++)
                found.kept[p][u] = choice.keeps(whole, u, part);
        }
        var chosen = found.gaps.stream().filter(found::kept).toList();
        for (var row : found.kept) Arrays.fill(row, false);
        chosen.forEach(found::keep);
        return found;
    }

    /// Keeps what saves most bytes, parts of pieces too; nothing if there is no choice that fits.
    ///
    /// @param unit of bytes of which parts are multiples
    Retention leastTraffic(LeastTraffic least, long capacity, long unit) {
        if (least.within(capacity).isEmpty()) return this;
        long[][] shares = least.kept(unit);
        var cuts = new HashMap<Region, Set<Long>>();
        for (int p = 0; p < shares.length; p++) {
            var piece = trace.pieces().get(p);
            for (long share : shares[p])
                if (share > 0 && share < piece.bytes())
                    cuts.computeIfAbsent(piece.region(), _ -> new HashSet<>())
                            .add(piece.begin() + share);
        }
        return cut(
                cuts, (p, u, part) -> part.end() - trace.pieces().get(p).begin() <= shares[p][u]);
    }

    boolean kept(int piece, int use) {
        return kept[piece][use];
    }

    Trace trace() {
        return trace;
    }

    /// Keeps everything.
    Retention all() {
        gaps.forEach(this::keep);
        return this;
    }

    /// Keeps what saves most copying for the memory and the time it takes, until `capacity` is
    /// full; where there are optimizer moments, they come last.
    ///
    /// @param momentsLast whether all else has to be kept before any of them
    Retention densest(long capacity, boolean momentsLast) {
        var offers = new ArrayList<Offer>();
        for (var own : gaps.stream().collect(Collectors.groupingBy(Gap::piece)).values()) {
            offers.add(offer(own));
            if (own.size() > 1) own.forEach(g -> offers.add(offer(List.of(g))));
        }
        offers.sort(
                Comparator.comparing((Offer o) -> momentsLast && moments(o))
                        .thenComparing(o -> -o.saved / o.price));
        for (var offer : offers) {
            var missing = offer.gaps.stream().filter(g -> !kept[g.piece][g.number]).toList();
            if (fits(missing, capacity)) missing.forEach(this::keep);
        }
        return this;
    }

    private boolean moments(Offer offer) {
        var kind = trace.pieces().get(offer.gaps.getFirst().piece).region().kind();
        return kind == Kind.FIRST_MOMENTS || kind == Kind.SECOND_MOMENTS;
    }

    private Offer offer(List<Gap> kept) {
        int piece = kept.getFirst().piece;
        long bytes = trace.pieces().get(piece).bytes();
        boolean whole = kept.size() == trace.uses(piece).size();
        boolean changed = trace.uses(piece).stream().anyMatch(Trace.Use::writes);
        boolean onlyChange = trace.uses(piece).get(kept.getFirst().number).writes();
        boolean stored = whole ? changed : kept.size() == 1 && onlyChange;
        double saved = (kept.size() + (stored ? 1 : 0)) * (double) (bytes + COPY);
        double price = 0;
        for (var gap : kept)
            for (int t = 1; t < gap.length; t++)
                price += bytes * (seconds[(gap.begin + t) % turn] + 1e-9);
        return new Offer(kept, saved, price);
    }

    /// Keeps everything, and wherever it is too much drops what is needed last of all: Belady's
    /// rule (IBM Systems Journal 5(2), 1966), which for pieces of one size moves the least bytes.
    Retention belady(long capacity) {
        all();
        for (int t = 0; t < turn; t++) {
            if (demand[t] <= capacity) continue;
            int now = t;
            var held =
                    new ArrayList<>(gaps.stream().filter(g -> kept(g) && spans(g, now)).toList());
            held.sort(Comparator.comparingInt(g -> -left(g, now)));
            for (var gap : held) {
                if (demand[t] <= capacity) break;
                drop(gap);
            }
        }
        return refilled(capacity);
    }

    /// Keeps in addition what still fits, shortest first.
    private Retention refilled(long capacity) {
        gaps.stream()
                .filter(g -> !kept(g))
                .sorted(Comparator.comparingInt(Gap::length))
                .forEach(
                        g -> {
                            if (fits(List.of(g), capacity)) keep(g);
                        });
        return this;
    }

    private boolean kept(Gap gap) {
        return kept[gap.piece][gap.number];
    }

    private boolean spans(Gap gap, int op) {
        int passed = Math.floorMod(op - gap.begin, turn);
        return passed > 0 && passed < gap.length;
    }

    /// Ops until it is used again.
    private int left(Gap gap, int op) {
        return gap.length - Math.floorMod(op - gap.begin, turn);
    }

    private void keep(Gap gap) {
        change(gap, 1);
    }

    private void drop(Gap gap) {
        change(gap, -1);
    }

    private void change(Gap gap, int sign) {
        kept[gap.piece][gap.number] = sign > 0;
        long bytes = sign * trace.pieces().get(gap.piece).bytes();
        for (int t = 1; t < gap.length; t++) demand[(gap.begin + t) % turn] += bytes;
    }

    private boolean fits(List<Gap> more, long capacity) {
        for (var gap : more)
            for (int t = 1; t < gap.length; t++)
                if (demand[(gap.begin + t) % turn] + trace.pieces().get(gap.piece).bytes()
                        > capacity) return false;
        return true;
    }

    /// What the choice comes to. A stay lasts from its first use to its last.
    List<Stay> stays() {
        var stays = new ArrayList<Stay>();
        for (int p = 0; p < kept.length; p++) {
            var uses = trace.uses(p);
            int start = IntStream.range(0, uses.size()).filter(dropped(p)).findFirst().orElse(-1);
            if (start < 0) {
                int first = uses.getFirst().op();
                stays.add(new Stay(p, first, first, first + turn - 1, first + turn, false, false));
                continue;
            }
            for (int done = 0; done < uses.size(); ) {
                int u = (start + 1 + done) % uses.size();
                boolean changed = false;
                int last = uses.get(u).op();
                int v = u;
                while (true) {
                    changed |= uses.get(v).writes();
                    done++;
                    if (!kept[p][v]) break;
                    int next = (v + 1) % uses.size();
                    last += trace.distance(uses.get(v).op(), uses.get(next).op());
                    v = next;
                }
                boolean needed = uses.get((v + 1) % uses.size()).reads();
                int first = uses.get(u).op();
                stays.add(
                        new Stay(
                                p,
                                first,
                                first,
                                last,
                                last + 1,
                                uses.get(u).reads(),
                                changed && needed));
            }
        }
        return stays;
    }

    private IntPredicate dropped(int piece) {
        return u -> !kept[piece][u];
    }
}
