package dev.ridgeline.model;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Parameters.Group;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.Optional;

/// Makes the blocks of a model: their weights by role, their activations, and the memory that they
/// share.
final class Layers {
    private static final String SHARED = "one layer at a time";

    private final Config config;
    private final Weights weights;
    private final Memory memory;
    private final int batch;
    private final int sequence;
    private final DType dtype;
    private final Mode mode;
    private final double balance;
    private final int rows;
    private final Block.Scratch scratch;
    private final Optional<FeedForward.Saved> gradient;
    private Optional<Kept> shared = Optional.empty();

    /// What a block keeps of its forward pass.
    private record Kept(
            Norm.Saved first,
            SelfAttention.Saved attention,
            Tensor middle,
            Norm.Saved second,
            FeedForward.Saved feedForward) {}

    Layers(
            Config config,
            Weights weights,
            Memory memory,
            int batch,
            int sequence,
            DType dtype,
            Mode mode,
            double balance) {
        this.balance = balance;
        this.config = config;
        this.weights = weights;
        this.memory = memory;
        this.batch = batch;
        this.sequence = sequence;
        this.dtype = dtype;
        this.mode = mode;
        this.rows = batch * sequence;
        var branch = work("branch", config.width());
        if (mode == Mode.FORWARD) {
            scratch = new Block.Scratch(branch, branch, branch, branch);
            gradient = Optional.empty();
        } else {
            scratch =
                    new Block.Scratch(
                            branch,
                            work("backward", config.width()),
                            work("backward", config.qkvWidth()),
                            work("backward", config.heads() * config.headDim()));
            gradient = Optional.of(hidden(Kind.WORKSPACE, "backward"));
        }
    }

    private Tensor work(String owner, int cols) {
        return memory.tensor(Kind.WORKSPACE, owner, dtype, rows, cols);
    }

    Block.Scratch scratch() {
        return scratch;
    }

    Block block(int layer, Optional<Tensor> frequencies) {
        var group = weights.parameters().layerGroup(layer);
        var kept = kept(group.name());
        return new Block(
                norm(group, Role.NORM_1, Role.NORM_1_BIAS),
                kept.first,
                new SelfAttention(
                        config,
                        batch,
                        sequence,
                        linear(group, Role.QKV, Role.QKV_BIAS),
                        linear(group, Role.OUT, Role.OUT_BIAS),
                        frequencies),
                kept.attention,
                kept.middle,
                norm(group, Role.NORM_2, Role.NORM_2_BIAS),
                kept.second,
                feedForward(group, kept.feedForward));
    }

    private FeedForward.Saved hidden(Kind kind, String owner) {
        if (config.experts().isEmpty())
            return DenseFeedForward.Hidden.in(memory, kind, owner, dtype, config, rows);
        return kind == Kind.WORKSPACE
                ? MixtureFeedForward.Gradient.in(memory, kind, owner, dtype, config, rows)
                : MixtureFeedForward.Routed.in(memory, kind, owner, dtype, config, rows);
    }

    private FeedForward feedForward(Group group, FeedForward.Saved saved) {
        return switch (saved) {
            case DenseFeedForward.Hidden hidden ->
                    new DenseFeedForward(
                            config.family(),
                            linear(group, Role.UP, Role.UP_BIAS),
                            linear(group, Role.DOWN, Role.DOWN_BIAS),
                            hidden,
                            (DenseFeedForward.Hidden) gradient.orElse(saved));
            case MixtureFeedForward.Routed routed ->
                    new MixtureFeedForward(
                            linear(group, Role.ROUTER, Role.UP_BIAS),
                            operand(group, Role.EXPERTS_UP).orElseThrow(),
                            operand(group, Role.EXPERTS_DOWN).orElseThrow(),
                            gradient(group, Role.EXPERTS_UP).orElseThrow(),
                            gradient(group, Role.EXPERTS_DOWN).orElseThrow(),
                            balance,
                            routed,
                            gradient.map(MixtureFeedForward.Gradient.class::cast));
            case MixtureFeedForward.Gradient _ ->
                    throw new IllegalStateException("a gradient is not what a layer keeps");
        };
    }

    private Kept kept(String owner) {
        if (mode == Mode.KEEP) return allocate(owner);
        if (shared.isEmpty()) shared = Optional.of(allocate(SHARED));
        return shared.get();
    }

    private Kept allocate(String owner) {
        var kind = Kind.ACTIVATIONS;
        int width = config.width();
        return new Kept(
                Norm.Saved.in(memory, kind, owner, dtype, rows, width),
                SelfAttention.Saved.in(memory, kind, owner, dtype, config, batch, sequence),
                memory.tensor(kind, owner, dtype, rows, width),
                Norm.Saved.in(memory, kind, owner, dtype, rows, width),
                hidden(kind, owner));
    }

    Norm norm(Group group, Role weight, Role bias) {
        return new Norm(
                operand(group, weight).orElseThrow(),
                operand(group, bias),
                gradient(group, weight).orElseThrow(),
                gradient(group, bias),
                config.eps());
    }

    Linear linear(Group group, Role weight, Role bias) {
        return new Linear(
                operand(group, weight).orElseThrow(),
                operand(group, bias),
                gradient(group, weight).orElseThrow(),
                gradient(group, bias),
                config.family() == Family.GPT2);
    }

    Optional<Tensor> operand(Group group, Role role) {
        return group.unit(role).map(unit -> weights.operand(group, unit));
    }

    Optional<Tensor> gradient(Group group, Role role) {
        return group.unit(role).map(unit -> weights.tensor(Kind.GRADIENTS, group, unit));
    }
}
