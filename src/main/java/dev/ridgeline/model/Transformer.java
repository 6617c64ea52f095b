package dev.ridgeline.model;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Parameters.Group;
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The ops of a decoder on `batch` sequences of `sequence` tokens, forward and backward.
public final class Transformer {
    private static final String BACKWARD = "backward";

    private final Config config;
    private final Weights weights;
    private final int batch;
    private final int sequence;
    private final Mode mode;
    private final Optional<Tensor> frequencies;
    private final List<Tensor> streams = new ArrayList<>();
    private final List<Block> blocks = new ArrayList<>();
    private final Block.Scratch scratch;
    private final Norm norm;
    private final Norm.Saved normed;
    private final Linear head;
    private final Tensor logits;
    private final Tensor gradient;

    /// @param dtype of activations: f32 or bf16
    /// @param microBatches batches whose gradients make one step
    /// @throws InvalidModel if this config has something that no op computes
    Transformer(
            Config config,
            Weights weights,
            Memory memory,
            int batch,
            int sequence,
            DType dtype,
            Mode mode,
            int microBatches) {
        requireSupported(config, sequence);
        this.config = config;
        this.weights = weights;
        this.batch = batch;
        this.sequence = sequence;
        this.mode = mode;
        int rows = Math.multiplyExact(batch, sequence);
        int width = config.width();
        frequencies =
                config.rotary()
                        .map(
                                _ ->
                                        memory.tensor(
                                                Kind.STATE,
                                                "rotary frequencies",
                                                DType.F32,
                                                config.headDim() / 2));
        double balance = config.experts().map(Experts::balance).orElse(0.0) / microBatches;
        var work = new Layers(config, weights, memory, batch, sequence, dtype, mode, balance);
        for (int layer = 0; layer <= config.layers(); layer++) {
            boolean again = mode == Mode.FORWARD && layer >= 2;
            streams.add(
                    again
                            ? streams.get(layer - 2)
                            : memory.tensor(Kind.ACTIVATIONS, owner(layer), dtype, rows, width));
            if (layer < config.layers()) blocks.add(work.block(layer, frequencies));
        }
        scratch = work.scratch();
        norm = work.norm(parameters().headGroup(), Role.FINAL_NORM, Role.FINAL_NORM_BIAS);
        normed = Norm.Saved.in(memory, Kind.ACTIVATIONS, "head", dtype, rows, width);
        logits = memory.tensor(Kind.ACTIVATIONS, "head", dtype, rows, config.vocabulary());
        gradient =
                mode == Mode.FORWARD
                        ? logits
                        : memory.tensor(Kind.WORKSPACE, BACKWARD, dtype, rows, width);
        head = head();
    }

    private String owner(int stream) {
        return stream < config.layers() ? parameters().layerGroup(stream).name() : "head";
    }

    private static void requireSupported(Config config, int sequence) {
        if (sequence > config.positions())
            throw new InvalidModel(
                    "a sequence of %d is longer than the %d positions of this model",
                    sequence, config.positions());
        var m = config.multipliers();
        if (m.embedding() != 1 || m.residual() != 1 || m.logits() != 1)
            throw new InvalidModel(
                    "%s multiplies embeddings, residuals or logits with constants, which no op here"
                            + " does: its sizes are known, but it cannot be trained",
                    config.architecture());
    }

    private Linear head() {
        var tokens = parameters().embeddingGroup();
        var group = config.tied() ? tokens : parameters().headGroup();
        var unit = group.unit(config.tied() ? Role.TOKENS : Role.HEAD).orElseThrow();
        return new Linear(
                weights.operand(group, unit),
                Optional.empty(),
                weights.tensor(Kind.GRADIENTS, group, unit),
                Optional.empty(),
                false);
    }

    private Parameters parameters() {
        return weights.parameters();
    }

    /// Gives the device the constants that the ops read; once, before the first launch.
    void uploadFrequencies() {
        frequencies.ifPresent(
                f -> {
                    try (var once = new HostTransfer(f.buffer())) {
                        once.upload(config.rotary().orElseThrow().frequencies(config.headDim()));
                    }
                });
    }

    /// (batch · sequence, vocabulary); after [#loss] its gradient.
    Tensor logits() {
        return logits;
    }

    /// From tokens, (batch · sequence) i32, to logits.
    List<Op> forward(Tensor tokens) {
        var ops = new ArrayList<Op>();
        var group = parameters().embeddingGroup();
        var table = weights.operand(group, group.unit(Role.TOKENS).orElseThrow());
        var positions =
                group.unit(Role.POSITIONS)
                        .map(unit -> weights.operand(group, unit).slice(0, 0, sequence));
        ops.add(new Embedding(tokens, table, positions, streams.getFirst()));
        var before = Optional.<Block>empty();
        for (int layer = 0; layer < blocks.size(); layer++) {
            blocks.get(layer).forward(ops, before, streams.get(layer), scratch);
            before = Optional.of(blocks.get(layer));
        }
        ops.add(
                norm.forward(
                        blocks.getLast().middle(), scratch.branch(), streams.getLast(), normed));
        ops.add(head.forward(normed.y(), logits));
        return ops;
    }

    /// @param losses (batch · sequence) f32
    /// @param scale of the gradient: 1 over all the tokens of a step
    Op loss(Tensor targets, Tensor losses, double scale) {
        return new CrossEntropy(logits, targets, losses, logits, scale);
    }

    /// From the gradient of the logits to those of all parameters.
    ///
    /// @param accumulate whether matrices' gradients are added to or overwritten; those of vectors
    ///   and of looked-up tables are always added to
    List<Op> backward(Tensor tokens, boolean accumulate) {
        var ops = new ArrayList<Op>();
        head.backward(ops, normed.y(), logits, scratch.normal(), accumulate);
        ops.add(norm.backward(streams.getLast(), normed, scratch.normal(), gradient));
        for (int layer = blocks.size() - 1; layer >= 0; layer--) {
            var block = blocks.get(layer);
            var x = streams.get(layer);
            boolean last = layer == blocks.size() - 1;
            if (mode == Mode.RECOMPUTE && !last) block.recompute(ops, x, scratch);
            block.backward(ops, x, gradient, scratch, accumulate);
        }
        var group = parameters().embeddingGroup();
        var table = group.unit(Role.TOKENS).orElseThrow();
        ops.add(
                new EmbeddingBackward(
                        tokens,
                        gradient,
                        weights.tensor(Kind.GRADIENTS, group, table),
                        group.unit(Role.POSITIONS)
                                .map(
                                        unit ->
                                                weights.tensor(Kind.GRADIENTS, group, unit)
                                                        .slice(0, 0, sequence))));
        return ops;
    }

    /// From which element on a group's gradients are only ever added to, and so have to be zeroed
    /// before a step.
    long addedFrom(Group group) {
        if (group != parameters().embeddingGroup()) return group.decayed();
        if (!config.tied()) return 0;
        return group.units().size() > 1 ? group.units().get(1).offset() : group.elements();
    }

    int rows() {
        return batch * sequence;
    }
}
