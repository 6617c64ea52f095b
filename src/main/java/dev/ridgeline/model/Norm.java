package dev.ridgeline.model;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Residual;
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
        return forward(x, Optional.empty(), to);
    }

    /// Of `stream + branch`, which goes to `sum`.
    Op forward(Tensor stream, Tensor branch, Tensor sum, Saved to) {
        return forward(stream, Optional.of(new Residual(branch, sum)), to);
    }

    private Op forward(Tensor x, Optional<Residual> residual, Saved to) {
        return bias.<Op>map(
                        b ->
                                new LayerNorm(
                                        x, weight, b, to.y(), to.mean(), to.rstd(), eps, residual))
                .orElseGet(() -> new RmsNorm(x, weight, to.y(), to.rstd(), eps, residual));
    }

    /// @param dx overwritten
    Op backward(Tensor x, Saved from, Tensor dy, Tensor dx) {
        return backward(x, from, dy, dx, Optional.empty());
    }

    /// @param gradient of the stream that x was taken from, which that of the norm is added to
    Op addBackward(Tensor x, Saved from, Tensor dy, Tensor gradient) {
        return backward(x, from, dy, gradient, Optional.of(gradient));
    }

    private Op backward(Tensor x, Saved from, Tensor dy, Tensor dx, Optional<Tensor> residual) {
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
                                        db,
                                        residual))
                .orElseGet(
                        () ->
                                new RmsNormBackward(
                                        x, weight, from.rstd(), dy, dx, weightGradient, residual));
    }
}
