package dev.ridgeline.model;

import dev.ridgeline.op.Add;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

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
    /// @param branch (rows, width), what a branch adds to the residual stream or its gradient
    /// @param normal (rows, width), gradient of a norm's result
    /// @param qkv (rows, qkv), gradient
    /// @param heads (rows, heads · headDim), gradient
    record Scratch(Tensor branch, Tensor normal, Tensor qkv, Tensor heads) {}

    void forward(List<Op> ops, Tensor x, Tensor y, Scratch scratch) {
        untilMiddle(ops, x, scratch);
        feedForward.forward(ops, secondSaved.y(), scratch.branch());
        ops.add(new Add(middle, scratch.branch(), y));
    }

    private void untilMiddle(List<Op> ops, Tensor x, Scratch scratch) {
        ops.add(first.forward(x, firstSaved));
        attention.forward(ops, firstSaved.y(), attentionSaved, scratch.branch());
        ops.add(new Add(x, scratch.branch(), middle));
        ops.add(second.forward(middle, secondSaved));
    }

    /// What the backward pass needs, when only `x` was kept.
    void recompute(List<Op> ops, Tensor x, Scratch scratch) {
        untilMiddle(ops, x, scratch);
        feedForward.recompute(ops, secondSaved.y());
    }

    /// @param gradient (rows, width) of y, becomes that of x
    void backward(List<Op> ops, Tensor x, Tensor gradient, Scratch scratch, boolean accumulate) {
        feedForward.backward(ops, secondSaved.y(), gradient, scratch.normal(), accumulate);
        ops.add(second.backward(middle, secondSaved, scratch.normal(), scratch.branch()));
        ops.add(new Add(gradient, scratch.branch(), gradient));
        attention.backward(
                ops,
                firstSaved.y(),
                attentionSaved,
                gradient,
                scratch.qkv(),
                scratch.heads(),
                scratch.normal(),
                accumulate);
        ops.add(first.backward(x, firstSaved, scratch.normal(), scratch.branch()));
        ops.add(new Add(gradient, scratch.branch(), gradient));
    }
}
