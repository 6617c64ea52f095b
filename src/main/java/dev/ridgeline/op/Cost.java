package dev.ridgeline.op;

/// Work an op cannot avoid. Both belong to the mathematics, never to a kernel.
///
/// @param flops a fused multiply-add counts as two, a transcendental as one
/// @param bytes each operand once: read, written, or both
/// @param convention how `flops` was counted, as printed beside every rate: `2mnk`
public record Cost(double flops, double bytes, String convention) {
    /// Arithmetic intensity, in flop per byte.
    public double intensity() {
        return flops / bytes;
    }
}
