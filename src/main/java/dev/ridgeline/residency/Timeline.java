package dev.ridgeline.residency;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

/// A step as it will go by, op by op and copy by copy: what a prediction is read from.
///
/// Ops run in order, each when the copies it waits for are done; copies run in order, of one
/// direction or of both, each when it has been enqueued. While both run, each is slower as
/// measured.
final class Timeline {
    /// @param seconds of a step among others
    /// @param stall seconds of it that ops waited
    /// @param in seconds that copies in ran
    /// @param begins seconds from the step's begin to each op's
    record Result(double seconds, double stall, double in, double out, double[] begins) {}

    /// Turns until what comes in and what goes out is the same in each.
    private static final int TURNS = 3;

    private final List<Move> moves;
    private final List<List<Integer>> waits;
    private final List<Speeds.OpSpeed> ops;
    private final Speeds speeds;
    private final List<Queue<Integer>> lanes;
    private final int[] enqueued;
    private final int[] done;
    private final double[] left;
    private final double[] busy = new double[2];
    private double now;
    private int next;

    Timeline(Schedule schedule, List<Speeds.OpSpeed> ops, Speeds speeds) {
        moves = schedule.moves();
        waits = schedule.waits();
        this.ops = ops;
        this.speeds = speeds;
        lanes =
                speeds.duplex()
                        ? List.of(new ArrayDeque<>(), new ArrayDeque<>())
                        : List.of(new ArrayDeque<>());
        left = new double[lanes.size()];
        enqueued = new int[moves.size()];
        done = new int[moves.size()];
    }

    Result result() {
        double began = 0;
        double stall = 0;
        double[] begins = new double[ops.size()];
        for (int t = 0; t < TURNS; t++) {
            began = now;
            stall = 0;
            next = 0;
            Arrays.fill(busy, 0);
            for (int op = 0; op < ops.size(); op++) {
                release(op);
                double waiting = now;
                while (!ready(op)) advance(Double.POSITIVE_INFINITY, -1);
                stall += now - waiting;
                begins[op] = now - began;
                for (double work = 1; work > 0; ) work = advance(work, op);
            }
        }
        return new Result(now - began, stall, busy[0], busy[1], begins);
    }

    private void release(int op) {
        for (; next < moves.size() && moves.get(next).release() == op; next++) {
            var lane = lanes.get(lane(next));
            lane.add(next);
            enqueued[next]++;
            if (lane.size() == 1) left[lane(next)] = work(next);
        }
    }

    private int lane(int move) {
        return speeds.duplex() && !moves.get(move).inward() ? 1 : 0;
    }

    /// Seconds that a copy takes while nothing else runs.
    private double work(int move) {
        var m = moves.get(move);
        return speeds.latency() + m.bytes() / speeds.rate(m.inward());
    }

    private boolean ready(int op) {
        return waits.get(op).stream().allMatch(m -> done[m] == enqueued[m]);
    }

    private boolean running(int lane) {
        var head = lanes.get(lane).peek();
        return head != null
                && moves.get(head).after().stream().allMatch(m -> done[m] == enqueued[m]);
    }

    /// Lets time pass until a copy or the op is done.
    ///
    /// @param work share of the op that is left
    /// @param op -1 for none
    /// @return the share that is left then
    private double advance(double work, int op) {
        boolean[] running = new boolean[lanes.size()];
        int many = 0;
        for (int l = 0; l < running.length; l++) {
            running[l] = running(l);
            if (running[l]) many++;
        }
        if (many == 0 && op < 0)
            throw new IllegalStateException("a step waits for a copy that never begins");
        double pace = many == 2 ? speeds.both() : 1;
        double opSeconds = 0;
        if (op >= 0) {
            opSeconds = Math.max(1e-12, many > 0 ? ops.get(op).beside() : ops.get(op).alone());
            pace *= ops.get(op).share();
        }
        double passed = op >= 0 ? work * opSeconds : Double.POSITIVE_INFINITY;
        for (int l = 0; l < running.length; l++)
            if (running[l]) passed = Math.min(passed, left[l] / pace);
        now += passed;
        for (int l = 0; l < running.length; l++) {
            if (!running[l]) continue;
            busy[moves.get(lanes.get(l).element()).inward() ? 0 : 1] += passed;
            left[l] -= passed * pace;
            if (left[l] > 1e-12) continue;
            done[lanes.get(l).remove()]++;
            var head = lanes.get(l).peek();
            if (head != null) left[l] = work(head);
        }
        if (op < 0) return work;
        double after = work - passed / opSeconds;
        return after > 1e-9 ? after : 0;
    }
}
