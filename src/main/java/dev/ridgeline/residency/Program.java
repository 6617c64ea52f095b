package dev.ridgeline.residency;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Link;
import dev.ridgeline.device.Stream;
import dev.ridgeline.device.Stream.Mark;
import dev.ridgeline.model.Memory.Region;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// A plan bound to a device: ops on their places in an arena, copies on the link beside them.
///
/// Between two ops the arena is in a definite state, which can be left for far memory and entered
/// again; so several programs may have the same arena in turns.
final class Program implements AutoCloseable {
    private record Interval(Mark from, Mark to) {}

    private record Copied(Interval interval, boolean inward, long bytes) {}

    private final Device device;
    private final Link link;
    private final Plan plan;
    private final Trace trace;
    private final int turn;
    private final Buffer arena;
    private final FarMemory far;
    private final List<Launch> launches = new ArrayList<>();
    private final List<Launch> copies;
    private final Mark[] copied;
    private final int[] released;
    private final List<Interval> waits = new ArrayList<>();
    private final List<Copied> traffic = new ArrayList<>();
    private boolean counting;

    /// @param state memory of the regions that are always on the device
    Program(
            Device device,
            Link link,
            Plan plan,
            Buffer arena,
            FarMemory far,
            Function<Region, Buffer> state) {
        this.device = device;
        this.link = link;
        this.plan = plan;
        this.arena = arena;
        this.far = far;
        trace = plan.trace();
        turn = trace.ops().size();
        var at = residents();
        try {
            for (int op = 0; op < turn; op++) launches.add(bind(op, at.get(op), state));
        } catch (RuntimeException e) {
            launches.forEach(Launch::close);
            throw e;
        }
        copies = plan.moves().stream().map(this::copy).toList();
        copied = new Mark[copies.size()];
        released = new int[turn + 1];
        for (var move : plan.moves()) released[move.release() + 1]++;
        for (int op = 0; op < turn; op++) released[op + 1] += released[op];
    }

    Plan plan() {
        return plan;
    }

    /// For each op the stays that are on the device during it.
    private List<List<Integer>> residents() {
        var found = new ArrayList<List<Integer>>();
        for (int op = 0; op < turn; op++) found.add(new ArrayList<>());
        for (int s = 0; s < plan.stays().size(); s++) {
            var stay = plan.stays().get(s);
            for (int op = stay.first(); op <= stay.last(); op++) found.get(op % turn).add(s);
        }
        return found;
    }

    private Launch bind(int number, List<Integer> here, Function<Region, Buffer> state) {
        Op op = Operands.moved(trace.ops().get(number), t -> placed(t, here, state));
        return device.bind(op);
    }

    private Tensor placed(Tensor t, List<Integer> here, Function<Region, Buffer> state) {
        var region = trace.region(t.buffer());
        if (region.isEmpty()) return t;
        for (int s : here) {
            var piece = trace.pieces().get(plan.stays().get(s).piece());
            if (piece.region().equals(region.get())
                    && piece.begin() <= t.begin()
                    && t.begin() < piece.end()) {
                long at = plan.address(s) + t.begin() - piece.begin();
                return moved(t, arena, at / t.dtype().bytes());
            }
        }
        return moved(t, state.apply(region.get()), t.offset());
    }

    private static Tensor moved(Tensor t, Buffer to, long offset) {
        return new Tensor(t.dtype(), t.shape(), t.strides(), to, offset);
    }

    private Launch copy(Move move) {
        var there = far.part(move.region(), move.begin(), move.bytes());
        return move.inward()
                ? link.fetch(arena, move.address(), there)
                : link.store(there, arena, move.address());
    }

    /// Enqueues ops `[from, to)` and the copies that belong to them. The arena must be in the state
    /// before `from`.
    void run(int from, int to) {
        var stream = device.stream();
        for (int op = from; op < to; op++) {
            for (int m = released[op]; m < released[op + 1]; m++) enqueue(m, stream);
            for (int m : plan.waits().get(op)) await(stream, copied[m]);
            launches.get(op).on(stream);
        }
    }

    private void enqueue(int move, Stream stream) {
        var m = plan.moves().get(move);
        var lane = m.inward() ? link.in() : link.out();
        // the ops before it are done with its place, or have made what it takes away
        lane.await(stream.mark());
        for (int other : m.after()) if (copied[other] != null) lane.await(copied[other]);
        if (!counting) {
            copies.get(move).on(lane);
            copied[move] = lane.mark();
            return;
        }
        var begun = lane.mark();
        copies.get(move).on(lane);
        copied[move] = lane.mark();
        traffic.add(new Copied(new Interval(begun, copied[move]), m.inward(), m.bytes()));
    }

    private void await(Stream stream, Mark mark) {
        if (mark == null) return;
        if (!counting) {
            stream.await(mark);
            return;
        }
        var begun = stream.mark();
        stream.await(mark);
        waits.add(new Interval(begun, stream.mark()));
    }

    /// Runs all ops once, each timed by itself.
    ///
    /// @param beside done before each op
    /// @return marks before and after each op, copies not waited for in between
    List<Mark[]> profile(Runnable beside) {
        var stream = device.stream();
        var found = new ArrayList<Mark[]>();
        for (int op = 0; op < turn; op++) {
            for (int m = released[op]; m < released[op + 1]; m++) enqueue(m, stream);
            for (int m : plan.waits().get(op)) await(stream, copied[m]);
            beside.run();
            var begun = stream.mark();
            launches.get(op).on(stream);
            found.add(new Mark[] {begun, stream.mark()});
        }
        return found;
    }

    /// Brings the arena into the state before op `at`, from far memory.
    void enter(int at) {
        for (int s = 0; s < plan.stays().size(); s++) {
            var stay = plan.stays().get(s);
            int reserved = since(stay.from(), at);
            int used = since(stay.first(), at);
            boolean inUse = used <= stay.last() + 1 - stay.first();
            if (reserved > stay.last() + 1 - stay.from()) continue;
            if (inUse && used == stay.last() + 1 - stay.first() && !stay.stored() && !always(stay))
                continue;
            if (inUse || stay.fetched())
                link.fetch(arena, plan.address(s), there(stay)).on(link.in());
        }
        link.in().synchronize();
    }

    /// Brings what only the arena holds before op `at` into far memory.
    void leave(int at) {
        settle();
        for (int s = 0; s < plan.stays().size(); s++) {
            var stay = plan.stays().get(s);
            int used = since(stay.first(), at);
            if (used > stay.last() + 1 - stay.first()) continue;
            if (used == stay.last() + 1 - stay.first() && !stay.stored() && !always(stay)) continue;
            boolean changed = trace.uses(stay.piece()).stream().anyMatch(Trace.Use::writes);
            if (changed) link.store(there(stay), arena, plan.address(s)).on(link.out());
        }
        settle();
    }

    private boolean always(Stay stay) {
        return stay.last() + 1 - stay.first() == turn;
    }

    private MemorySegment there(Stay stay) {
        var piece = trace.pieces().get(stay.piece());
        return far.part(piece.region(), piece.begin(), piece.bytes());
    }

    /// Ops from the latest `op` before `at` until `at`, at least one.
    private int since(int op, int at) {
        return Math.floorMod(at - op - 1, turn) + 1;
    }

    private void settle() {
        device.stream().synchronize();
        link.in().synchronize();
        link.out().synchronize();
    }

    /// Counts from here on.
    void count() {
        counting = true;
        waits.clear();
        traffic.clear();
    }

    /// What was counted; waits for it.
    ///
    /// @param seconds that the steps took
    Traffic counted(double seconds) {
        settle();
        counting = false;
        var stream = device.stream();
        return new Traffic(
                seconds,
                waits.stream().mapToDouble(i -> stream.seconds(i.from, i.to)).sum(),
                busy(true),
                busy(false),
                bytes(true),
                bytes(false));
    }

    private double busy(boolean inward) {
        var lane = inward ? link.in() : link.out();
        return traffic.stream()
                .filter(c -> c.inward == inward)
                .mapToDouble(c -> lane.seconds(c.interval.from, c.interval.to))
                .sum();
    }

    private long bytes(boolean inward) {
        return traffic.stream().filter(c -> c.inward == inward).mapToLong(Copied::bytes).sum();
    }

    @Override
    public void close() {
        settle();
        launches.forEach(Launch::close);
        copies.forEach(Launch::close);
    }
}
