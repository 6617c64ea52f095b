package dev.ridgeline.model;

import dev.ridgeline.op.Activation;
import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// `y = x · Wᵀ + bias` on rows, with `W` as its checkpoint stores it.
///
/// @param inputMajor whether W is (in, out), as GPT-2's are, and not (out, in)
record Linear(
        Tensor weight,
        Optional<Tensor> bias,
        Tensor weightGradient,
        Optional<Tensor> biasGradient,
        boolean inputMajor) {
    Op forward(Tensor x, Tensor y) {
        return new Gemm(form(), x, weight, y, bias.map(Epilogue::bias).orElse(Epilogue.NONE));
    }

    /// `y = gelu(x · Wᵀ + bias)`.
    Op forwardGelu(Tensor x, Tensor y, Tensor preactivation) {
        var epilogue = new Epilogue(bias, Activation.GELU, Optional.of(preactivation), false);
        return new Gemm(form(), x, weight, y, epilogue);
    }

    private Form form() {
        return inputMajor ? Form.NN : Form.NT;
    }

    /// @param dx overwritten
    /// @param accumulate whether the weight's gradient is added to; the bias's always is
    void backward(List<Op> ops, Tensor x, Tensor dy, Tensor dx, boolean accumulate) {
        var epilogue = accumulate ? Epilogue.ACCUMULATE : Epilogue.NONE;
        biasGradient.ifPresent(g -> ops.add(new BiasGradient(dy, g)));
        if (inputMajor) {
            ops.add(new Gemm(Form.TN, x, dy, weightGradient, epilogue));
            ops.add(new Gemm(Form.NT, dy, weight, dx));
        } else {
            ops.add(new Gemm(Form.TN, dy, x, weightGradient, epilogue));
            ops.add(new Gemm(Form.NN, dy, weight, dx));
        }
    }
}
