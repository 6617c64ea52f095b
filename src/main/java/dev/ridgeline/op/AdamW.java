package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// One step of Adam with decoupled weight decay (arXiv 1711.05101, algorithm 2). With `g = gradient
/// · scalars[3]`:
///
/// ```
/// m = beta1 m + (1 - beta1) g          v = beta2 v + (1 - beta2) g²
/// parameter -= scalars[0] ((m / scalars[1]) / (sqrt(v / scalars[2]) + eps) + decay · parameter)
/// ```
///
/// | operand              | shape | dtype    |
/// |----------------------|-------|----------|
/// | `parameter`,`m`,`v`  | any   | f32      |
/// | `gradient`           | same  | f32/bf16 |
/// | `copy`               | same  | bf16, receives the new parameter, rounded as `rounding` says |
/// | `scalars`            | (4)   | f32: learning rate, 1 - beta1^t, 1 - beta2^t, gradient scale |
///
/// With stochastic rounding there is a fifth scalar, [Dither#key] of the step; an element's number
/// is its place in `parameter`.
///
/// What changes from step to step is in `scalars`, a tensor, so that a captured step can be
/// replayed without being rebuilt.
public record AdamW(
        Tensor parameter,
        Tensor gradient,
        Tensor m,
        Tensor v,
        Tensor scalars,
        Optional<Tensor> copy,
        double beta1,
        double beta2,
        double eps,
        double decay,
        Rounding rounding)
        implements Op {
    public AdamW {

        for (var t : List.of(parameter, m, v)) {
            Require.dtype("adam_w", "parameter, m, v", t, DType.F32);
            Require.sameShape("adam_w", "m, v", t, parameter);
        }
        Require.sameShape("adam_w", "gradient", gradient, parameter);
        Require.real("adam_w", "gradient", gradient);
        Require.shape("adam_w", "scalars", scalars, rounding == Rounding.NEAREST ? 4 : 5);
        Require.dtype("adam_w", "scalars", scalars, DType.F32);
        if (copy.isPresent()) {
            Require.sameShape("adam_w", "copy", copy.get(), parameter);
            Require.dtype("adam_w", "copy", copy.get(), DType.BF16);
        }
    }

    /// With a copy, if any, that is rounded to nearest.
    public AdamW(
            Tensor parameter,
            Tensor gradient,
            Tensor m,
            Tensor v,
            Tensor scalars,
            Optional<Tensor> copy,
            double beta1,
            double beta2,
            double eps,
            double decay) {
        this(parameter, gradient, m, v, scalars, copy, beta1, beta2, eps, decay, Rounding.NEAREST);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(parameter, gradient, m, v, scalars);
    }

    @Override
    public List<Tensor> writes() {
        return copy.map(c -> List.of(parameter, m, v, c)).orElse(List.of(parameter, m, v));
    }

    @Override
    public Cost cost() {
        return new Cost(
                15.0 * parameter.count(),
                6.0 * parameter.bytes() + gradient.bytes() + copy.map(Tensor::bytes).orElse(0L),
                "15 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        var nearest = Tolerance.elementwise(8, 1, output == 3 ? DType.BF16 : DType.F32);
        return output == 3 && rounding == Rounding.STOCHASTIC
                ? new Tolerance(nearest.absolute(), nearest.relative() + DType.BF16.roundoff())
                : nearest;
    }
}
