package dev.ridgeline.model;

/// The two ways in which decoders are built.
public enum Family {
    /// Layer norm, GELU, learned positions, biases everywhere, weights stored (in, out): Radford et
    /// al. 2019, "Language models are unsupervised multitask learners".
    GPT2,
    /// RMS norm, gated units, rotary positions, weights stored (out, in): arXiv 2302.13971.
    LLAMA
}
