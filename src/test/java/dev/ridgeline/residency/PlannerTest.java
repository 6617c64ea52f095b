package dev.ridgeline.residency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ridgeline.model.Memory;
import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.op.Add;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.op.Zero;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Plans of small cases that can be worked out by hand.
class PlannerTest {
    private static final int MEGABYTE = 1 << 20;

    private final Memory memory = Memory.planned();

    /// A megabyte of its own.
    private Tensor tensor(Kind kind, String owner) {
        return memory.tensor(kind, owner, DType.F32, MEGABYTE / 4);
    }

    private Trace trace(List<Op> ops) {
        return new Trace(ops, memory::region);
    }

    /// Ops that read one weight each, a microsecond apart, and leave nothing else.
    private Trace reads(int layers, int... order) {
        var weights = new ArrayList<Tensor>();
        for (int i = 0; i < layers; i++) weights.add(tensor(Kind.WEIGHTS, "layer " + i));
        var sink = memory.tensor(Kind.STATE, "sink", DType.F32, MEGABYTE / 4);
        var ops = new ArrayList<Op>();
        for (int layer : order) ops.add(new Add(weights.get(layer), weights.get(layer), sink));
        return trace(ops);
    }

    private static Speeds speeds(Trace trace, double opSeconds, double rate) {
        Map<String, Speeds.OpSpeed> ops = new HashMap<>();
        for (var op : trace.ops())
            ops.put(Operands.signature(op), new Speeds.OpSpeed(opSeconds, opSeconds, 1));
        return new Speeds(ops, rate, rate, 0, 0);
    }

    private static Plan plan(Trace trace, Speeds speeds, long capacity) {
        return new Planner(List.of(new Planner.Variant(false, trace)), speeds)
                .decide(capacity)
                .orElseThrow()
                .plan();
    }

    @Test
    void an_op_is_traced_by_what_it_reads_and_writes() {
        var a = tensor(Kind.WEIGHTS, "a");
        var b = tensor(Kind.GRADIENTS, "b");
        var trace = trace(List.of(new Zero(b), new Add(a, b, b)));
        assertThat(trace.pieces()).hasSize(2);
        assertThat(trace.uses(0)).containsExactly(new Trace.Use(0, false, true), use(1, true));
        assertThat(trace.uses(1)).containsExactly(use(1, false));
    }

    private static Trace.Use use(int op, boolean writes) {
        return new Trace.Use(op, true, writes);
    }

    /// Two halves are one stretch to the op that fills both, and two pieces where they are used
    /// apart.
    @Test
    void views_that_fill_a_stretch_together_overwrite_it() {
        var both = memory.tensor(Kind.WORKSPACE, "both", DType.F32, 64, 128);
        var left = both.slice(1, 0, 64);
        var right = both.slice(1, 64, 128);
        var whole =
                trace(
                        List.of(
                                new SwiGluBackward(
                                        tensorOf("gate"),
                                        tensorOf("up"),
                                        tensorOf("dy"),
                                        left,
                                        right)));
        for (int p = 0; p < whole.pieces().size(); p++)
            if (whole.pieces().get(p).region().owner().equals("both"))
                assertThat(whole.uses(p)).containsExactly(new Trace.Use(0, false, true));
        var half = trace(List.of(new Zero(left.slice(0, 0, 1))));
        assertThat(half.uses(0)).containsExactly(new Trace.Use(0, false, true));
    }

    private Tensor tensorOf(String owner) {
        return memory.tensor(Kind.WORKSPACE, owner, DType.F32, 64, 64);
    }

    @Test
    void what_fits_is_never_copied() {
        var trace = reads(3, 0, 1, 2, 2, 1, 0);
        var plan = plan(trace, speeds(trace, 1e-3, 1e9), 3L * MEGABYTE);
        assertThat(plan.moves()).isEmpty();
        assertThat(plan.seconds()).isCloseTo(6e-3, within(1e-9));
        assertThat(plan.strategy()).isEqualTo("all resident");
    }

    /// Room for one: each op waits for its megabyte, which takes as long as the op itself; the two
    /// at a turning point share one.
    @Test
    void with_room_for_one_each_is_fetched_when_it_is_needed() {
        var trace = reads(3, 0, 1, 2, 2, 1, 0);
        double copy = MEGABYTE / 1e9;
        var plan = plan(trace, speeds(trace, copy, 1e9), MEGABYTE);
        assertThat(plan.bytesIn()).isEqualTo(4L * MEGABYTE);
        assertThat(plan.bytesOut()).isZero();
        assertThat(plan.seconds()).isCloseTo(10 * copy, within(1e-9));
        assertThat(plan.stallSeconds()).isCloseTo(4 * copy, within(1e-9));
    }

    /// Room for two, cyclic order: one is kept for ever, the others take turns in the other place,
    /// each fetched while the kept one is used or not hidden at all.
    @Test
    void copies_are_hidden_behind_what_is_there() {
        var trace = reads(2, 0, 1);
        double copy = MEGABYTE / 1e9;
        var slow = plan(trace, speeds(trace, 3 * copy, 1e9), MEGABYTE);
        assertThat(slow.seconds()).isCloseTo(8 * copy, within(1e-9));
        var three = new PlannerTest().reads(3, 0, 1, 2);
        var hidden = plan(three, speeds(three, 3 * copy, 1e9), 2L * MEGABYTE);
        assertThat(hidden.seconds()).isCloseTo(9 * copy, within(2 * copy));
    }

    /// The bytes moved are the least that are possible, as Belady's rule finds them when it is
    /// applied for a long time to the same order.
    @ParameterizedTest
    @CsvSource({"4, 1", "4, 2", "4, 3", "8, 2", "8, 3", "8, 5", "8, 7", "12, 4", "12, 9"})
    void equal_layers_there_and_back_move_the_least_bytes(int layers, int places) {
        int[] order = new int[2 * layers];
        for (int i = 0; i < layers; i++) order[i] = order[2 * layers - 1 - i] = i;
        var trace = reads(layers, order);
        var plan = plan(trace, speeds(trace, 1e-9, 1e9), (long) places * MEGABYTE);
        assertThat(plan.bytesIn()).isEqualTo(MEGABYTE * optimum(order, places));
        assertThat(new LeastTraffic(trace).within((double) places * MEGABYTE).orElseThrow())
                .isLessThanOrEqualTo(plan.bytesIn() + 1.0)
                .isGreaterThan(plan.bytesIn() - 1.0 * MEGABYTE);
        // a turn needs all that is not there at its begin
        assertThat(plan.bytesIn()).isGreaterThanOrEqualTo((long) MEGABYTE * (layers - places));
        assertThat(plan.bytesOut()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 6})
    void equal_layers_in_a_circle_move_the_least_bytes(int places) {
        int[] order = {0, 1, 2, 3, 4, 5, 6};
        var trace = reads(7, order);
        var plan = plan(trace, speeds(trace, 1e-9, 1e9), (long) places * MEGABYTE);
        assertThat(plan.bytesIn()).isEqualTo(MEGABYTE * optimum(order, places));
    }

    /// Fetches in a turn of an order that is repeated, once it has settled: on a miss what is used
    /// last of all goes. Rounded up: a plan is the same in every turn, where Belady's rule may keep
    /// another layer each time.
    private static long optimum(int[] order, int places) {
        int turns = 60;
        int counted = 20;
        Set<Integer> held = new HashSet<>();
        long fetches = 0;
        for (int at = 0; at < turns * order.length; at++) {
            int wanted = order[at % order.length];
            if (held.add(wanted) && at >= (turns - counted) * order.length) fetches++;
            if (held.size() <= places) continue;
            int now = at;
            held.stream()
                    .filter(layer -> places > 0 && layer != wanted)
                    .max(Comparator.comparingInt(layer -> next(order, now, layer)))
                    .ifPresent(held::remove);
        }
        return Math.ceilDiv(fetches, counted);
    }

    private static int next(int[] order, int now, int layer) {
        for (int d = 1; ; d++) if (order[(now + d) % order.length] == layer) return d;
    }

    /// What is changed is copied both ways, what is overwritten before it is read is not copied.
    @Test
    void only_what_is_needed_again_is_stored() {
        var moments = List.of(tensor(Kind.FIRST_MOMENTS, "a"), tensor(Kind.FIRST_MOMENTS, "b"));
        var scratch = tensor(Kind.WORKSPACE, "scratch");
        var other = tensor(Kind.WORKSPACE, "other");
        var ops =
                List.<Op>of(
                        new Add(moments.get(0), moments.get(0), moments.get(0)),
                        new Zero(scratch),
                        new Add(scratch, scratch, scratch),
                        new Add(moments.get(1), moments.get(1), moments.get(1)),
                        new Zero(other));
        var trace = trace(ops);
        var plan = plan(trace, speeds(trace, 1e-3, 1e9), MEGABYTE);
        assertThat(plan.bytesIn()).isEqualTo(2L * MEGABYTE);
        assertThat(plan.bytesOut()).isEqualTo(2L * MEGABYTE);
        assertThat(plan.strategy()).isEqualTo("streams moments");
    }

    @Test
    void less_than_the_largest_op_is_too_little() {
        var a = tensor(Kind.WEIGHTS, "a");
        var b = tensor(Kind.WEIGHTS, "b");
        var c = tensor(Kind.ACTIVATIONS, "c");
        var trace = trace(List.of(new Add(a, b, c)));
        var planner =
                new Planner(List.of(new Planner.Variant(false, trace)), speeds(trace, 1e-3, 1e9));
        assertThat(planner.least()).isEqualTo(3L * MEGABYTE);
        assertThat(planner.decide(3L * MEGABYTE)).isPresent();
        assertThat(planner.decide(3L * MEGABYTE - 1)).isEmpty();
    }

    /// At no time do two stays have the same byte, and neighbours lie side by side.
    @ParameterizedTest
    @ValueSource(ints = {20, 35, 50, 75})
    void places_do_not_overlap(int percent) {
        var model = CappedModels.variant("gpt2", 2);
        var trace = model.trace();
        var speeds = Speeds.nominal(List.of(model), true);
        var plan = plan(trace, speeds, trace.bytes() * percent / 100);
        int turn = trace.ops().size();
        for (int op = 0; op < turn; op++) {
            var taken = new ArrayList<long[]>();
            for (int s = 0; s < plan.stays().size(); s++) {
                var stay = plan.stays().get(s);
                if (!stay.holds(op, turn)) continue;
                long begin = plan.address(s);
                long end = begin + trace.pieces().get(stay.piece()).bytes();
                assertThat(end).isLessThanOrEqualTo(plan.capacity());
                assertThat(Math.floorMod(begin - trace.pieces().get(stay.piece()).begin(), 256))
                        .isZero();
                for (var other : taken) assertThat(begin >= other[1] || end <= other[0]).isTrue();
                taken.add(new long[] {begin, end});
            }
        }
    }
}
