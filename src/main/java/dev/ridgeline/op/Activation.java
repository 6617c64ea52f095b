package dev.ridgeline.op;

/// What a GEMM applies to each element of its result before storing it.
public enum Activation {
    NONE,
    /// `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`, the form GPT-2 uses (Hendrycks and Gimpel
    /// 2016, arXiv 1606.08415, section 2).
    GELU
}
