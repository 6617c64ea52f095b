package dev.ridgeline.reference;

import dev.ridgeline.op.Add;
import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;

import java.util.List;

final class ElementwiseReference {
    private ElementwiseReference() {}

    static List<double[]> swiGlu(SwiGlu op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> swiGluBackward(SwiGluBackward op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> gelu(Gelu op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> geluBackward(GeluBackward op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> add(Add op) {
        throw new UnsupportedOperationException(op.name());
    }

    static List<double[]> biasGradient(BiasGradient op) {
        throw new UnsupportedOperationException(op.name());
    }

    /// `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x³)))`.
    static double gelu(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }
}
