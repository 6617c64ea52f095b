package dev.ridgeline.hardware;

import java.util.Locale;

/// A number format that a chip has a peak rate for. More than [dev.ridgeline.tensor.DType], which
/// holds what a tensor may be made of.
public enum Precision {
    F32,
    TF32,
    BF16,
    F16,
    E4M3,
    E2M1,
    INT8;

    /// The name used on the command line and in data files: `bf16`, `e4m3`.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// `flop/s`, or `op/s` for integers.
    public String unit() {
        return this == INT8 ? "op/s" : "flop/s";
    }
}
