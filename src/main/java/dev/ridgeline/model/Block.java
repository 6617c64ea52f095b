package dev.ridgeline.model;

import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// One layer: `middle = x + attention(norm x)`, `y = middle + feedForward(norm middle)`.
///
/// @param middle (rows, width), kept for the backward pass
record Block(
        Norm first,
        Norm.Saved firstSaved,
        SelfAttention attention,
        SelfAttention.Saved attentionSaved,
        Tensor middle,
        Norm second,
        Norm.Saved secondSaved,
        FeedForward feedForward) {
    /// What the passes overwrite.
    ///
    /// @param branch (rows, width), what a branch adds to the residual stream
    /// @param normal (rows, width), gradient of a norm's result
    /// @param qkv (rows, qkv), gradient
    /// @param heads (rows, heads · headDim), gradient
    record Scratch(Tensor branch, Tensor normal, Tensor qkv, Tensor heads) {}

    /// Leaves what is to be added to `middle` in the scratch's branch: whoever takes the sum next
    /// adds it up.
    ///
    /// @param before the block before, whose sum becomes `x`; empty where `x` is there
    void forward(List<Op> ops, Optional<Block> before, Tensor x, Scratch scratch) {
        ops.add(
                before.map(b -> first.forward(b.middle, scratch.branch(), x, firstSaved))
                        .orElseGet(() -> first.forward(x, firstSaved)));
        fromFirstNorm(ops, x, scratch);
        feedForward.forward(ops, secondSaved.y(), scratch.branch());
    }

    private void fromFirstNorm(List<Op> ops, Tensor x, Scratch scratch) {
        attention.forward(ops, firstSaved.y(), attentionSaved, scratch.branch());
        ops.add(second.forward(x, scratch.branch(), middle, secondSaved));
    }

    /// What the backward pass needs, when only `x` was kept.
    void recompute(List<Op> ops, Tensor x, Scratch scratch) {
        ops.add(first.forward(x, firstSaved));
        fromFirstNorm(ops, x, scratch);
        feedForward.recompute(ops, secondSaved.y());
    }

    /// @param gradient (rows, width) of y, becomes that of x
    void backward(List<Op> ops, Tensor x, Tensor gradient, Scratch scratch, boolean accumulate) {
        feedForward.backward(ops, secondSaved.y(), gradient, scratch.normal(), accumulate);
        ops.add(second.addBackward(middle, secondSaved, scratch.normal(), gradient));
        attention.backward(
                ops,
                firstSaved.y(),
                attentionSaved,
                gradient,
                scratch.qkv(),
                scratch.heads(),
                scratch.normal(),
                accumulate);
        ops.add(first.addBackward(x, firstSaved, scratch.normal(), gradient));
    }
}
