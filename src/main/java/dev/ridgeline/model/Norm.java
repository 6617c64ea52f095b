package dev.ridgeline.model;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.RmsNormBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.Optional;

/// A layer norm, or an RMS norm where there is no bias.
record Norm(
        Tensor weight,
        Optional<Tensor> bias,
        Tensor weightGradient,
        Optional<Tensor> biasGradient,
        double eps) {
    /// What the forward pass leaves for the backward, and the result.
    record Saved(Tensor y, Tensor mean, Tensor rstd) {
        static Saved in(Memory memory, Kind kind, String owner, DType dtype, int rows, int width) {
            return new Saved(
                    memory.tensor(kind, owner, dtype, rows, width),
                    memory.tensor(kind, owner, DType.F32, rows),
                    memory.tensor(kind, owner, DType.F32, rows));
        }
    }

    Op forward(Tensor x, Saved to) {
        return bias.<Op>map(b -> new LayerNorm(x, weight, b, to.y(), to.mean(), to.rstd(), eps))
                .orElseGet(() -> new RmsNorm(x, weight, to.y(), to.rstd(), eps));
    }

    /// @param dx overwritten
    Op backward(Tensor x, Saved from, Tensor dy, Tensor dx) {
        return biasGradient
                .<Op>map(
                        db ->
                                new LayerNormBackward(
                                        x,
                                        weight,
                                        from.mean(),
                                        from.rstd(),
                                        dy,
                                        dx,
                                        weightGradient,
                                        db))
                .orElseGet(
                        () -> new RmsNormBackward(x, weight, from.rstd(), dy, dx, weightGradient));
    }
}
