package dev.ridgeline.residency;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Link;
import dev.ridgeline.device.Stream;
import dev.ridgeline.device.Stream.Mark;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Buffer;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Measures what predictions are made from, on the device and in the run that they are about: the
/// link, each op alone, and each op while something is copied beside it, which slows both.
public final class Calibration implements AutoCloseable {
    private static final long BLOCK = 4L << 20;

    /// Copies that are timed as one.
    private static final int MANY = 32;

    private static final int SMALL = 4 << 10;
    private static final int ROUNDS = 3;

    /// Copies that are enqueued beside an op, as a multiple of what it should leave time for.
    private static final double PLENTY = 1.2;

    /// Less of an op's time than this beside copies tells nothing about it.
    private static final double ENOUGH = 0.5;

    private final CappedExecution execution;
    private final Device device;
    private final Link link;
    private final Buffer buffer;
    private final Blocks fetches;
    private final Blocks stores;
    private final Launch small;

    /// Copies of blocks in turns, so many that none is in a cache any more when its turn comes:
    /// what a step streams has not been touched since the step before.
    private static final class Blocks {
        private final List<Launch> all;
        private int next;

        Blocks(int count, IntFunction<Launch> copy) {
            all = IntStream.range(0, count).mapToObj(copy).toList();
        }

        void on(Stream lane) {
            all.get(next).on(lane);
            next = (next + 1) % all.size();
        }
    }

    /// What was seen of the ops of one signature.
    private static final class Seen {
        private final List<Double> alone = new ArrayList<>();
        private double beside;
        private double copying;
        private double bytes;
        private int calls;
    }

    /// @param execution that has a plan and has run a step; it runs some more
    /// @throws dev.ridgeline.device.OutOfDeviceMemory if [#bytes] besides its arena are not free
    public Calibration(CappedExecution execution) {
        this.execution = execution;
        device = execution.device();
        link = execution.link();
        int blocks = blocks(device);
        buffer = device.allocate(bytes(device));
        MemorySegment far = link.memory(bytes(device));
        fetches =
                new Blocks(
                        blocks, i -> link.fetch(buffer, i * BLOCK, far.asSlice(i * BLOCK, BLOCK)));
        // half a turn away from the fetches, which may run at the same time
        stores =
                new Blocks(
                        blocks,
                        i -> {
                            long at = (i + blocks / 2) % blocks * BLOCK;
                            return link.store(far.asSlice(at, BLOCK), buffer, at);
                        });
        small = link.fetch(buffer, 0, far.asSlice(0, SMALL));
    }

    /// Bytes that a calibration takes on the device.
    public static long bytes(Device device) {
        return blocks(device) * BLOCK;
    }

    private static int blocks(Device device) {
        return Math.toIntExact(Math.ceilDiv(2 * device.lastLevelCache(), BLOCK));
    }

    /// Runs two times as many steps as there are rounds, and some copies.
    ///
    /// @param warmupSeconds of steps before, at least
    public Speeds measure(double warmupSeconds) {
        copies(link.in(), fetches::on, fetches.all.size());
        double in = BLOCK / median(link.in(), fetches::on);
        double out = BLOCK / median(link.out(), stores::on);
        double latency = Math.max(0, median(link.in(), small::on) - SMALL / in);
        double both = link.duplex() ? both(in) : 0;
        var seen = new HashMap<String, Seen>();
        for (double spent = 0; spent <= warmupSeconds; ) spent += warmUp();
        for (int round = 0; round < ROUNDS; round++) alone(seen);
        for (int round = 0; round < ROUNDS; round++) beside(seen, in);
        return new Speeds(speeds(seen, in), in, out, both, latency);
    }

    private static double copies(Stream lane, Consumer<Stream> copy, int count) {
        var from = lane.mark();
        for (int i = 0; i < count; i++) copy.accept(lane);
        return lane.seconds(from, lane.mark()) / count;
    }

    /// Seconds of one copy among many.
    private static double median(Stream lane, Consumer<Stream> copy) {
        double[] found = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) found[i] = copies(lane, copy, MANY);
        Arrays.sort(found);
        return found[ROUNDS / 2];
    }

    /// What a direction keeps of its rate while the other runs.
    private double both(double in) {
        for (int i = 0; i < 2 * MANY; i++) stores.on(link.out());
        double seconds = copies(link.in(), fetches::on, MANY);
        link.out().synchronize();
        return Math.clamp(BLOCK / seconds / in, 0.1, 1);
    }

    private double warmUp() {
        var marks = execution.profile();
        return device.stream().seconds(marks.getFirst()[0], marks.getLast()[1]);
    }

    private List<Op> ops() {
        return execution.ops();
    }

    private void alone(Map<String, Seen> seen) {
        var marks = execution.profile();
        for (int op = 0; op < marks.size(); op++)
            seen.computeIfAbsent(Operands.signature(ops().get(op)), _ -> new Seen())
                    .alone
                    .add(device.stream().seconds(marks.get(op)[0], marks.get(op)[1]));
    }

    private void beside(Map<String, Seen> seen, double in) {
        var ends = new ArrayList<Mark>();
        ends.add(link.in().mark());
        var next = ops().iterator();
        double[] owed = {0};
        var marks =
                execution.profile(
                        () -> {
                            double seconds = mean(seen.get(Operands.signature(next.next())).alone);
                            for (owed[0] += PLENTY * seconds * in / BLOCK;
                                    owed[0] >= 1;
                                    owed[0]--) {
                                fetches.on(link.in());
                                ends.add(link.in().mark());
                            }
                        });
        link.in().synchronize();
        var stream = device.stream();
        var origin = marks.getFirst()[0];
        double[] copied = ends.stream().mapToDouble(m -> stream.seconds(origin, m)).toArray();
        int at = 0;
        for (int op = 0; op < marks.size(); op++) {
            double from = stream.seconds(origin, marks.get(op)[0]);
            double to = stream.seconds(origin, marks.get(op)[1]);
            while (at + 1 < copied.length && copied[at + 1] <= from) at++;
            var s = seen.get(Operands.signature(ops().get(op)));
            s.beside += to - from;
            s.calls++;
            for (int c = at; c + 1 < copied.length && copied[c] < to; c++) {
                double whole = Math.min(copied[c + 1] - copied[c], 2 * PLENTY * BLOCK / in);
                double begun = copied[c + 1] - whole;
                double part = Math.min(to, copied[c + 1]) - Math.max(from, begun);
                if (part <= 0) continue;
                s.copying += part;
                s.bytes += BLOCK * part / whole;
            }
        }
    }

    private static Map<String, Speeds.OpSpeed> speeds(Map<String, Seen> seen, double in) {
        double alone = 0;
        double beside = 0;
        double bytes = 0;
        double copying = 0;
        for (var s : seen.values()) {
            alone += s.calls * mean(s.alone);
            beside += s.beside;
            bytes += s.bytes;
            copying += s.copying;
        }
        double slower = Math.max(1, beside / alone);
        double share = copying > 0 ? Math.clamp(bytes / copying / in, 0.05, 1) : 1;
        var found = new HashMap<String, Speeds.OpSpeed>();
        seen.forEach(
                (signature, s) -> {
                    double own = mean(s.alone);
                    boolean enough = s.copying > ENOUGH * s.beside;
                    found.put(
                            signature,
                            new Speeds.OpSpeed(
                                    own,
                                    enough ? Math.max(own, s.beside / s.calls) : own * slower,
                                    enough
                                            ? Math.clamp(s.bytes / s.copying / in, 0.05, 1)
                                            : share));
                });
        return found;
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(v -> v).average().orElse(0);
    }

    @Override
    public void close() {
        link.in().synchronize();
        link.out().synchronize();
        buffer.close();
    }
}
