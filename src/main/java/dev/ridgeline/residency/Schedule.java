package dev.ridgeline.residency;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// The copies that placed stays need, when each is enqueued, and what waits for what.
final class Schedule {
    /// A stay that enters or leaves.
    private record Passage(int stay, boolean inward, int release, int soon) {}

    private final Trace trace;
    private final List<Stay> stays;
    private final long[] addresses;
    private final boolean duplex;
    private final int turn;
    private final List<Move> moves = new ArrayList<>();
    private final Map<Integer, Integer> entering = new HashMap<>();
    private final Map<Integer, Integer> leaving = new HashMap<>();
    private final List<List<Integer>> waits = new ArrayList<>();

    Schedule(Trace trace, List<Stay> stays, long[] addresses, boolean duplex) {
        this.trace = trace;
        this.stays = stays;
        this.addresses = addresses;
        this.duplex = duplex;
        turn = trace.ops().size();
        enqueue();
        for (int m = 0; m < moves.size(); m++) moves.set(m, ordered(m));
        for (int op = 0; op < turn; op++) waits.add(waits(op));
    }

    /// In the order in which they are enqueued.
    List<Move> moves() {
        return moves;
    }

    /// For each op the moves that have to be done before it begins.
    List<List<Integer>> waits() {
        return waits;
    }

    private void enqueue() {
        var passages = new ArrayList<Passage>();
        for (int s = 0; s < stays.size(); s++) {
            var stay = stays.get(s);
            if (stay.stored()) passages.add(new Passage(s, false, (stay.last() + 1) % turn, 0));
            if (stay.fetched())
                passages.add(
                        new Passage(
                                s,
                                true,
                                Math.floorMod(stay.from(), turn),
                                stay.first() - stay.from()));
        }
        passages.sort(
                Comparator.comparingInt(Passage::release)
                        .thenComparing(Passage::inward)
                        .thenComparingInt(Passage::soon)
                        .thenComparingInt(p -> stays.get(p.stay).piece()));
        Passage before = null;
        for (var passage : passages) {
            boolean joined =
                    before != null
                            && before.release == passage.release
                            && before.inward == passage.inward
                            && before.soon == passage.soon
                            && extended(passage);
            if (!joined) {
                var piece = trace.pieces().get(stays.get(passage.stay).piece());
                moves.add(
                        new Move(
                                passage.inward,
                                passage.release,
                                piece.region(),
                                piece.begin(),
                                addresses[passage.stay],
                                piece.bytes(),
                                List.of()));
            }
            (passage.inward ? entering : leaving).put(passage.stay, moves.size() - 1);
            before = passage;
        }
    }

    /// Makes the last move longer if the passage goes on where it ends, here and there.
    private boolean extended(Passage passage) {
        var last = moves.getLast();
        var piece = trace.pieces().get(stays.get(passage.stay).piece());
        if (!last.region().equals(piece.region())
                || last.end() != piece.begin()
                || last.address() + last.bytes() != addresses[passage.stay]) return false;
        moves.set(
                moves.size() - 1,
                new Move(
                        last.inward(),
                        last.release(),
                        last.region(),
                        last.begin(),
                        last.address(),
                        last.bytes() + piece.bytes(),
                        List.of()));
        return true;
    }

    /// A fetch waits for stores from its place and of its bytes, where these are not enqueued with
    /// it anyway.
    private Move ordered(int number) {
        var move = moves.get(number);
        if (!duplex || !move.inward()) return move;
        var after =
                IntStream.range(0, stays.size())
                        .filter(s -> leaving.containsKey(s) && concerns(move, s))
                        .mapToObj(leaving::get)
                        .toList();
        return new Move(
                true,
                move.release(),
                move.region(),
                move.begin(),
                move.address(),
                move.bytes(),
                latest(after, move.release(), number));
    }

    private boolean concerns(Move move, int stay) {
        var piece = trace.pieces().get(stays.get(stay).piece());
        return meets(move.address(), move.bytes(), addresses[stay], piece.bytes())
                || piece.region().equals(move.region())
                        && meets(move.begin(), move.bytes(), piece.begin(), piece.bytes());
    }

    private static boolean meets(long a, long aBytes, long b, long bBytes) {
        return a < b + bBytes && b < a + aBytes;
    }

    /// What is fetched for the op, and what leaves the places of what it makes.
    private List<Integer> waits(int op) {
        var in = new ArrayList<Integer>();
        var out = new ArrayList<Integer>();
        for (int s = 0; s < stays.size(); s++) {
            var stay = stays.get(s);
            if (Math.floorMod(stay.first(), turn) != op || stay.always(turn)) continue;
            if (stay.fetched()) {
                in.add(entering.get(s));
                continue;
            }
            long bytes = trace.pieces().get(stay.piece()).bytes();
            for (var left : leaving.entrySet()) {
                var other = trace.pieces().get(stays.get(left.getKey()).piece());
                if (meets(addresses[s], bytes, addresses[left.getKey()], other.bytes()))
                    out.add(left.getValue());
            }
        }
        if (!duplex) {
            in.addAll(out);
            return latest(in, op, moves.size());
        }
        var both = new ArrayList<>(latest(in, op, moves.size()));
        both.addAll(latest(out, op, moves.size()));
        return both;
    }

    /// The one that was enqueued last before a point in the order; the others are done before it.
    private List<Integer> latest(List<Integer> some, int release, int number) {
        return some.stream()
                .min(
                        Comparator.comparingInt((Integer m) -> age(m, release, number))
                                .thenComparing(Comparator.reverseOrder()))
                .stream()
                .toList();
    }

    private int age(int move, int release, int number) {
        int age = Math.floorMod(release - moves.get(move).release(), turn);
        return age == 0 && move >= number ? turn : age;
    }
}
