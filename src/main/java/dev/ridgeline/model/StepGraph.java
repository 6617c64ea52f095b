package dev.ridgeline.model;

import dev.ridgeline.device.Device;
import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Memory.Region;
import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.ClipScale;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.op.Zero;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// A training step as ops on tensors of a [Memory], planned or real.
///
/// What changes from step to step is in `tokens`, `targets` and `scalars`, so the ops are bound or
/// captured once.
public final class StepGraph {
    private final Config config;
    private final StepOptions options;
    private final Weights weights;
    private final Transformer transformer;
    private final Tensor tokens;
    private final Tensor targets;
    private final Tensor losses;
    private final Tensor scalars;
    private final Tensor norms;

    StepGraph(Config config, StepOptions options, Memory memory) {
        this.config = config;
        this.options = options;
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

    void uploadFrequencies() {
        transformer.uploadFrequencies();
    }

    /// Losses, gradients, their norm, and what clipping makes of it.
    public List<Op> gradientOps() {
        var ops = new ArrayList<Op>();
        for (var group : groups()) {
            long from = transformer.addedFrom(group);
            if (from < group.elements())
                ops.add(new Zero(weights.part(Kind.GRADIENTS, group, from, group.elements())));
        }
        int rows = transformer.rows();
        for (int micro = 0; micro < options.microBatches(); micro++) {
            int from = micro * rows;
            var in = tokens.slice(0, from, from + rows);
            ops.addAll(transformer.forward(in));
            ops.add(
                    transformer.loss(
                            targets.slice(0, from, from + rows),
                            losses.slice(0, from, from + rows),
                            1.0 / options.tokens()));
            ops.addAll(transformer.backward(in, micro > 0));
        }
        int count = groups().size();
        for (int g = 0; g < count; g++) {
            var group = groups().get(g);
            ops.add(
                    new SquaredNorm(
                            weights.part(Kind.GRADIENTS, group, 0, group.elements()),
                            norms.slice(0, g, g + 1)));
        }
        ops.add(
                new ClipScale(
                        norms.slice(0, 0, count),
                        norms.slice(0, count, count + 1),
                        scalars.slice(0, 3, 4),
                        options.clip()));
        return ops;
    }

    /// The losses of the first micro-batch, from its tokens.
    public List<Op> lossOps() {
        int rows = transformer.rows();
        var ops = new ArrayList<>(transformer.forward(tokens.slice(0, 0, rows)));
        ops.add(transformer.loss(targets.slice(0, 0, rows), losses.slice(0, 0, rows), 1.0 / rows));
        return ops;
    }

    /// New weights from gradients.
    public List<Op> updateOps() {
        var ops = new ArrayList<Op>();
        for (var group : groups()) {
            if (group.decayed() > 0)
                ops.add(update(group, 0, group.decayed(), options.optimizer().decay()));
            if (group.decayed() < group.elements())
                ops.add(update(group, group.decayed(), group.elements(), 0));
        }
        return ops;
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
