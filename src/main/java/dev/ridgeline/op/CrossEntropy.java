package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Loss and its gradient in one pass: `loss = log Σ exp(x) - x[target]`, `dlogits = (softmax(x) -
/// onehot(target)) · scale`.
///
/// | operand              | shape         | dtype    |
/// |----------------------|---------------|----------|
/// | `logits`, `dlogits`  | (rows, vocab) | f32/bf16 |
/// | `targets`            | (rows)        | i32      |
/// | `losses`             | (rows)        | f32      |
///
/// A negative target is ignored: its loss and gradient are zero, whatever its logits. `dlogits` may
/// be `logits`. A target of vocab or more is an error of the caller, and loud: the loss and all
/// gradients of the row are NaN.
///
/// @param scale usually 1 / rows, for the gradient of the mean loss
public record CrossEntropy(
        Tensor logits, Tensor targets, Tensor losses, Tensor dlogits, double scale) implements Op {
    public CrossEntropy {

        Require.rank("cross_entropy", "logits", logits, 2);
        Require.real("cross_entropy", "logits", logits);
        Require.shape("cross_entropy", "targets", targets, logits.dim(0));
        Require.dtype("cross_entropy", "targets", targets, DType.I32);
        Require.shape("cross_entropy", "losses", losses, logits.dim(0));
        Require.dtype("cross_entropy", "losses", losses, DType.F32);
        Require.sameShape("cross_entropy", "dlogits", dlogits, logits);
        Require.dtype("cross_entropy", "dlogits", dlogits, logits.dtype());
    }

    public int rows() {
        return logits.dim(0);
    }

    public int cols() {
        return logits.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(logits, targets);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(losses, dlogits);
    }

    @Override
    public Cost cost() {
        return new Cost(
                6.0 * logits.count(),
                logits.bytes() + targets.bytes() + losses.bytes() + dlogits.bytes(),
                "6 per element");
    }

    @Override
    public Tolerance tolerance(int output) {
        return output == 0
                ? Tolerance.elementwise(16, 4, DType.F32)
                : Tolerance.elementwise(16, Math.abs(scale), dlogits.dtype());
    }
}
