package dev.ridgeline.model;

/// What a group's tensors are for. Each is one tensor to the kernels, whether the checkpoint has it
/// in one piece or in several that lie side by side.
///
/// | role | shape, GPT-2 | shape, Llama |
/// |---|---|---|
/// | `TOKENS`, `HEAD` | (vocabulary, width) | same |
/// | `POSITIONS` | (positions, width) | |
/// | `QKV` | (width, qkv) | (qkv, width) |
/// | `OUT` | (heads · headDim, width) | (width, heads · headDim) |
/// | `UP` | (width, hidden) | (2 hidden, width), gates first |
/// | `DOWN` | (hidden, width) | (width, hidden) |
/// | `ROUTER` | | (experts, width) |
/// | `EXPERTS_UP` | | (experts, 2 hidden, width), gates first |
/// | `EXPERTS_DOWN` | | (experts, width, hidden) |
public enum Role {
    TOKENS,
    POSITIONS,
    NORM_1,
    NORM_1_BIAS,
    QKV,
    QKV_BIAS,
    OUT,
    OUT_BIAS,
    NORM_2,
    NORM_2_BIAS,
    UP,
    UP_BIAS,
    DOWN,
    DOWN_BIAS,
    ROUTER,
    EXPERTS_UP,
    EXPERTS_DOWN,
    FINAL_NORM,
    FINAL_NORM_BIAS,
    HEAD
}
