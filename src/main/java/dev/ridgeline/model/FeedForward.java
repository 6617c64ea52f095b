package dev.ridgeline.model;

import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// What follows attention in a block, row by row.
interface FeedForward {
    /// What a forward pass leaves for the backward, and the gradients of the same.
    sealed interface Saved
            permits DenseFeedForward.Hidden,
                    MixtureFeedForward.Routed,
                    MixtureFeedForward.Gradient {}

    /// @param y (rows, width), overwritten
    void forward(List<Op> ops, Tensor x, Tensor y);

    /// What [#backward] needs of the forward pass, when only `x` was kept.
    void recompute(List<Op> ops, Tensor x);

    /// @param dx (rows, width), overwritten
    void backward(List<Op> ops, Tensor x, Tensor dy, Tensor dx, boolean accumulate);
}
