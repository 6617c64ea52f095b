package dev.ridgeline.model;

import dev.ridgeline.tensor.Shape;

/// One tensor of a model, as public checkpoints name and shape it.
///
/// @param decays whether weight decay applies: to matrices, and not to biases and norms
public record Parameter(String name, Shape shape, boolean decays) {
    /// Number of elements.
    public long count() {
        return shape.count();
    }
}
