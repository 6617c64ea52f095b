package dev.ridgeline.model;

import java.util.OptionalDouble;

/// Constants that some families multiply with (Granite).
///
/// @param attention of the scores; `1 / sqrt(headDim)` if empty
/// @param logits divides them
public record Multipliers(
        double embedding, double residual, OptionalDouble attention, double logits) {
    public static final Multipliers NONE = new Multipliers(1, 1, OptionalDouble.empty(), 1);
}
