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
        double[] gate = Dense.read(op.gate());
        double[] up = Dense.read(op.up());
        double[] y = new double[gate.length];
        for (int i = 0; i < y.length; i++) y[i] = silu(gate[i]) * up[i];
        return List.of(y);
    }

    static List<double[]> swiGluBackward(SwiGluBackward op) {
        double[] gate = Dense.read(op.gate());
        double[] up = Dense.read(op.up());
        double[] dy = Dense.read(op.dy());
        double[] dgate = new double[gate.length];
        double[] dup = new double[gate.length];
        for (int i = 0; i < gate.length; i++) {
            dgate[i] = dy[i] * up[i] * siluSlope(gate[i]);
            dup[i] = dy[i] * silu(gate[i]);
        }
        return List.of(dgate, dup);
    }

    static List<double[]> gelu(Gelu op) {
        double[] y = Dense.read(op.x());
        for (int i = 0; i < y.length; i++) y[i] = gelu(y[i]);
        return List.of(y);
    }

    static List<double[]> geluBackward(GeluBackward op) {
        double[] x = Dense.read(op.x());
        double[] dx = Dense.read(op.dy());
        for (int i = 0; i < dx.length; i++) dx[i] *= geluSlope(x[i]);
        return List.of(dx);
    }

    static List<double[]> add(Add op) {
        double[] y = Dense.read(op.a());
        double[] b = Dense.read(op.b());
        for (int i = 0; i < y.length; i++) y[i] += b[i];
        return List.of(y);
    }

    static List<double[]> biasGradient(BiasGradient op) {
        double[] dy = Dense.read(op.dy());
        double[] dbias = Dense.read(op.dbias());
        for (int i = 0; i < dy.length; i++) dbias[i % op.cols()] += dy[i];
        return List.of(dbias);
    }

    /// `x / (1 + exp(-x))`.
    static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    /// `s (1 + x (1 - s))` with `s = 1 / (1 + exp(-x))`.
    static double siluSlope(double x) {
        double s = 1 / (1 + Math.exp(-x));
        return s * (1 + x * (1 - s));
    }

    /// `0.5 x (1 + tanh(u))` with `u = sqrt(2/pi) (x + 0.044715 x³)`.
    static double gelu(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    /// `0.5 (1 + tanh(u)) + 0.5 x (1 - tanh²(u)) u'`.
    static double geluSlope(double x) {
        double u = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
        double slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
        double tanh = Math.tanh(u);
        return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * slope;
    }
}
