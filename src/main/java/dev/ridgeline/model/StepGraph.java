package dev.ridgeline.model;

import dev.ridgeline.device.Device;
import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Memory.Region;
import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.ClipScale;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.op.Zero;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// A training step as ops on tensors of a [Memory], planned or real.
///
/// What changes from step to step is in `tokens`, `targets` and `scalars`, so the ops are bound or
/// captured once.
public final class StepGraph {
    /// What [#updated] is unless there would be more than [#MOST_UPDATES] such ops: few enough that
    /// weight, gradient and moments of a part fit where those of a whole table of embeddings do
    /// not.
    private static final long UPDATED = 1L << 22;

    private static final int MOST_UPDATES = 1024;

    /// @param op its number in the list
    private record Write(int op, Tensor tensor) {}

    private final Config config;
    private final StepOptions options;
    private final Memory memory;
    private final Weights weights;
    private final Transformer transformer;
    private final Tensor tokens;
    private final Tensor targets;
    private final Tensor losses;
    private final Tensor scalars;
    private final Tensor norms;

    /// Elements that one op of the optimizer updates, at most.
    private final long updated;

    /// @param memory planned, or made for the [#plan] of the same arguments
    public StepGraph(Config config, StepOptions options, Memory memory) {
        this.config = config;
        this.options = options;
        this.memory = memory;
        weights = new Weights(Parameters.of(config), options.dtype(), memory);
        transformer =
                new Transformer(
                        config,
                        weights,
                        memory,
                        options.batch(),
                        options.sequence(),
                        options.dtype(),
                        options.recompute() ? Mode.RECOMPUTE : Mode.KEEP,
                        options.microBatches());
        tokens = memory.tensor(Kind.STATE, "tokens", DType.I32, options.tokens());
        targets = memory.tensor(Kind.STATE, "targets", DType.I32, options.tokens());
        losses = memory.tensor(Kind.STATE, "losses", DType.F32, options.tokens());
        scalars = memory.tensor(Kind.STATE, "scalars", DType.F32, 4);
        norms = memory.tensor(Kind.STATE, "norms", DType.F32, groups().size() + 1);
        long each = Math.max(UPDATED, weights.parameters().count() / MOST_UPDATES);
        updated = Math.ceilDiv(each, Parameters.ALIGNMENT) * Parameters.ALIGNMENT;
    }

    /// Bytes of every region that a step's tensors need; nothing is allocated.
    public static Map<Region, Long> plan(Config config, StepOptions options) {
        var memory = Memory.planned();
        new StepGraph(config, options, memory);
        return memory.regions();
    }

    /// The same, with what the kernels that `device` chooses take besides.
    ///
    /// @throws dev.ridgeline.device.NoKernel if the device lacks one
    public static Map<Region, Long> plan(Config config, StepOptions options, Device device) {
        var memory = Memory.planned();
        var graph = new StepGraph(config, options, memory);
        var plan = memory.regions();
        long scratch =
                Stream.of(graph.gradientOps(), graph.updateOps(), graph.lossOps())
                        .flatMap(List::stream)
                        .mapToLong(device::scratch)
                        .sum();
        if (scratch > 0) plan.put(new Region(Kind.SCRATCH, device.name()), scratch);
        return plan;
    }

    /// The step on tensors that have shapes and no memory, for costs.
    public static StepGraph planned(Config config, StepOptions options) {
        return new StepGraph(config, options, Memory.planned());
    }

    public Config config() {
        return config;
    }

    public StepOptions options() {
        return options;
    }

    public Weights weights() {
        return weights;
    }

    /// What its tensors come from.
    public Memory memory() {
        return memory;
    }

    private List<Parameters.Group> groups() {
        return weights.parameters().groups();
    }

    /// (micro-batches · batch · sequence) i32.
    public Tensor tokens() {
        return tokens;
    }

    /// As `tokens`; a negative one is ignored.
    public Tensor targets() {
        return targets;
    }

    /// As `tokens`, f32.
    public Tensor losses() {
        return losses;
    }

    /// As AdamW wants them; the last is written by the ops.
    public Tensor scalars() {
        return scalars;
    }

    /// (groups + 1) f32: the squared norm of each group's gradients, then the norm of them all.
    public Tensor norms() {
        return norms;
    }

    /// Gives the device the constants that the ops read; once, before the first launch.
    public void uploadFrequencies() {
        transformer.uploadFrequencies();
    }

    /// Losses, gradients, their norm, and what clipping makes of it. What is zeroed is zeroed where
    /// it is first needed, and a group's norm is taken where its gradients are ready, so that they
    /// need not be fetched for it.
    public List<Op> gradientOps() {
        var passes = new ArrayList<Op>();
        int rows = transformer.rows();
        for (int micro = 0; micro < options.microBatches(); micro++) {
            int from = micro * rows;
            var in = tokens.slice(0, from, from + rows);
            passes.addAll(transformer.forward(in));
            passes.add(
                    transformer.loss(
                            targets.slice(0, from, from + rows),
                            losses.slice(0, from, from + rows),
                            1.0 / options.tokens()));
            passes.addAll(transformer.backward(in, micro > 0));
        }
        var writes = writes(passes);
        var before = zeros(writes);
        var after = norms(writes);
        var ops = new ArrayList<Op>();
        for (int i = 0; i < passes.size(); i++) {
            ops.addAll(before.getOrDefault(i, List.of()));
            ops.add(passes.get(i));
            ops.addAll(after.getOrDefault(i, List.of()));
        }
        int count = groups().size();
        ops.add(
                new ClipScale(
                        norms.slice(0, 0, count),
                        norms.slice(0, count, count + 1),
                        scalars.slice(0, 3, 4),
                        options.clip()));
        return ops;
    }

    private static Map<Buffer, List<Write>> writes(List<Op> ops) {
        var found = new IdentityHashMap<Buffer, List<Write>>();
        for (int i = 0; i < ops.size(); i++)
            for (var tensor : ops.get(i).writes())
                found.computeIfAbsent(tensor.buffer(), _ -> new ArrayList<>())
                        .add(new Write(i, tensor));
        return found;
    }

    /// The ops that write to some of `gradients`; never none.
    private static IntStream writing(Tensor gradients, Map<Buffer, List<Write>> writes) {
        return writes.get(gradients.buffer()).stream()
                .filter(write -> write.tensor.meets(gradients))
                .mapToInt(Write::op);
    }

    /// By the first op that adds to what they clear.
    private Map<Integer, List<Op>> zeros(Map<Buffer, List<Write>> writes) {
        var found = new HashMap<Integer, List<Op>>();
        for (var group : groups()) {
            long from = transformer.addedFrom(group);
            if (from == group.elements()) continue;
            var cleared = weights.part(Kind.GRADIENTS, group, from, group.elements());
            int first = writing(cleared, writes).min().orElseThrow();
            found.computeIfAbsent(first, _ -> new ArrayList<>()).add(new Zero(cleared));
        }
        return found;
    }

    /// By the last op that writes gradients of their group.
    private Map<Integer, List<Op>> norms(Map<Buffer, List<Write>> writes) {
        var found = new HashMap<Integer, List<Op>>();
        for (int g = 0; g < groups().size(); g++) {
            var group = groups().get(g);
            var all = weights.part(Kind.GRADIENTS, group, 0, group.elements());
            int last = writing(all, writes).max().orElseThrow();
            found.computeIfAbsent(last, _ -> new ArrayList<>())
                    .add(new SquaredNorm(all, norms.slice(0, g, g + 1)));
        }
        return found;
    }

    /// The losses of the first micro-batch, from its tokens.
    public List<Op> lossOps() {
        int rows = transformer.rows();
        var ops = new ArrayList<>(transformer.forward(tokens.slice(0, 0, rows)));
        ops.add(transformer.loss(targets.slice(0, 0, rows), losses.slice(0, 0, rows), 1.0 / rows));
        return ops;
    }

    /// New weights from gradients, a matrix or a part of one at a time.
    public List<Op> updateOps() {
        var ops = new ArrayList<Op>();
        for (var group : groups()) {
            for (var unit : group.units())
                if (unit.decays()) updates(ops, group, unit.offset(), end(group, unit));
            if (group.decayed() < group.elements())
                ops.add(update(group, group.decayed(), group.elements(), 0));
        }
        return ops;
    }

    /// Where the unit after this one begins.
    private static long end(Parameters.Group group, Parameters.Unit unit) {
        return group.units().stream()
                .mapToLong(Parameters.Unit::offset)
                .filter(at -> at > unit.offset())
                .min()
                .orElse(group.elements());
    }

    private void updates(List<Op> ops, Parameters.Group group, long from, long to) {
        for (long at = from; at < to; at += updated)
            ops.add(update(group, at, Math.min(to, at + updated), options.optimizer().decay()));
    }

    private AdamW update(Parameters.Group group, long from, long to, double decay) {
        boolean copied = options.dtype() == DType.BF16 && from < group.decayed();
        var o = options.optimizer();
        return new AdamW(
                weights.part(Kind.WEIGHTS, group, from, to),
                weights.part(Kind.GRADIENTS, group, from, to),
                weights.part(Kind.FIRST_MOMENTS, group, from, to),
                weights.part(Kind.SECOND_MOMENTS, group, from, to),
                scalars,
                copied ? Optional.of(weights.part(Kind.COPIES, group, from, to)) : Optional.empty(),
                o.beta1(),
                o.beta2(),
                o.eps(),
                decay);
    }
}
