package dev.ridgeline.model;

/// What is kept of a forward pass.
public enum Mode {
    /// All that the backward pass reads.
    KEEP,
    /// The input of each layer; the rest of a layer is computed again when its backward comes
    /// (arXiv 1604.06174).
    RECOMPUTE,
    /// Nothing: there is no backward pass.
    FORWARD
}
