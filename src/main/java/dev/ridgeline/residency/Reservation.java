package dev.ridgeline.residency;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Gives stays their places earlier than they are used and for longer, so that copies have time
/// beside the computation, as far as memory allows.
///
/// A copy in should begin as late as lets it end in time, those after it allowed for; so that is
/// where its place is wanted from.
final class Reservation {
    /// Time that a copy is given, as a multiple of what it takes.
    private static final double MARGIN = 1.3;

    private final Trace trace;
    private final List<Stay> stays;
    private final Speeds speeds;
    private final long capacity;
    private final double[] begins;
    private final double step;
    private final int turn;
    private final long[] demand;
    private final Map<Integer, List<Integer>> byPiece = new HashMap<>();

    /// @param begins seconds at which each op of a step begins, as far as known
    /// @param step seconds of a whole step
    Reservation(
            Trace trace,
            List<Stay> stays,
            Speeds speeds,
            long capacity,
            double[] begins,
            double step) {
        this.trace = trace;
        this.stays = new ArrayList<>(stays);
        this.speeds = speeds;
        this.capacity = capacity;
        this.begins = begins;
        this.step = step;
        turn = trace.ops().size();
        demand = new long[turn];
        for (var stay : stays)
            for (int t = stay.from(); t < stay.until(); t++) demand[t % turn] += bytes(stay);
        for (int s = 0; s < stays.size(); s++)
            byPiece.computeIfAbsent(stays.get(s).piece(), _ -> new ArrayList<>()).add(s);
    }

    private long bytes(Stay stay) {
        return trace.pieces().get(stay.piece()).bytes();
    }

    List<Stay> stays() {
        var wanted = wanted();
        var before = neighbours();
        wanted.entrySet().stream()
                .sorted(Comparator.comparingInt(e -> stays.get(e.getKey()).first()))
                .forEach(e -> early(e.getKey(), e.getValue(), before.get(e.getKey())));
        for (int s = 0; s < stays.size(); s++) if (stays.get(s).stored()) late(s);
        return stays;
    }

    /// For each stay that is fetched the op during which its copy should begin.
    private Map<Integer, Integer> wanted() {
        var fetched =
                IntStream.range(0, stays.size())
                        .boxed()
                        .filter(s -> stays.get(s).fetched())
                        .sorted(Comparator.comparingInt(s -> -stays.get(s).first()))
                        .toList();
        double slower = MARGIN * (speeds.duplex() ? 1 : shared());
        var found = new HashMap<Integer, Integer>();
        double free = Double.POSITIVE_INFINITY;
        // the second turn is the first again, with the copies behind it allowed for
        for (int t = 1; t >= 0; t--)
            for (int s : fetched) {
                double need = begins[stays.get(s).first()] + t * step;
                double takes =
                        slower * (speeds.latency() + bytes(stays.get(s)) / speeds.rate(true));
                free = Math.min(need, free) - takes;
                found.put(s, op(Math.max(free, need - step)));
            }
        return found;
    }

    /// What one direction loses to the other where they take turns.
    private double shared() {
        double in = 0;
        double out = 0;
        for (var stay : stays) {
            if (stay.fetched()) in += bytes(stay) / speeds.rate(true);
            if (stay.stored()) out += bytes(stay) / speeds.rate(false);
        }
        return in > 0 ? (in + out) / in : 1;
    }

    /// The last op that has begun at a time; negative in the turn before.
    private int op(double time) {
        int turns = (int) Math.floor(time / step);
        double inside = time - turns * step;
        int op = 0;
        while (op + 1 < turn && begins[op + 1] <= inside) op++;
        return op + turns * turn;
    }

    /// For each stay the last use of its piece before it.
    private Map<Integer, Integer> neighbours() {
        var found = new HashMap<Integer, Integer>();
        for (var all : byPiece.values())
            for (int s : all) {
                int first = stays.get(s).first();
                found.put(
                        s,
                        all.stream()
                                .mapToInt(
                                        o ->
                                                first
                                                        - trace.distance(
                                                                stays.get(o).last() % turn, first))
                                .max()
                                .orElseThrow());
            }
        return found;
    }

    private void early(int number, int wanted, int before) {
        var stay = stays.get(number);
        int from = stay.from();
        while (from - 1 >= wanted
                && from - 1 > before
                && stay.until() - from < turn
                && demand[Math.floorMod(from - 1, turn)] + bytes(stay) <= capacity) {
            from--;
            demand[Math.floorMod(from, turn)] += bytes(stay);
        }
        stays.set(number, stay.reserved(from, stay.until()));
    }

    private void late(int number) {
        var stay = stays.get(number);
        double takes = MARGIN * (speeds.latency() + bytes(stay) / speeds.rate(false));
        double end = time(stay.last() + 1) + takes;
        int next =
                byPiece.get(stay.piece()).stream()
                        .mapToInt(s -> mod(stays.get(s)))
                        .map(from -> stay.last() + trace.distance(stay.last() % turn, from))
                        .min()
                        .orElseThrow();
        int until = stay.until();
        while (until < next
                && time(until) < end
                && until - stay.from() < turn
                && demand[until % turn] + bytes(stay) <= capacity) {
            demand[until % turn] += bytes(stay);
            until++;
        }
        stays.set(number, stay.reserved(stay.from(), until));
    }

    private int mod(Stay stay) {
        return Math.floorMod(stay.from(), turn);
    }

    private double time(int op) {
        return begins[op % turn] + Math.floorDiv(op, turn) * step;
    }
}
