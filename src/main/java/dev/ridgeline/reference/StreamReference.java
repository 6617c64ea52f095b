package dev.ridgeline.reference;

import dev.ridgeline.op.Copy;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.MmaLoop;
import dev.ridgeline.op.Scale;
import dev.ridgeline.op.Triad;

import java.util.List;

final class StreamReference {
    private StreamReference() {}

    static List<double[]> copy(Copy op) {
        return List.of(Dense.read(op.from()));
    }

    static List<double[]> scale(Scale op) {
        double[] y = Dense.read(op.from());
        for (int i = 0; i < y.length; i++) y[i] *= op.factor();
        return List.of(y);
    }

    static List<double[]> triad(Triad op) {
        double[] a = Dense.read(op.a());
        double[] b = Dense.read(op.b());
        for (int i = 0; i < a.length; i++) a[i] += op.factor() * b[i];
        return List.of(a);
    }

    /// Every round adds the same, so they need not be run one by one.
    static List<double[]> fmaLoop(FmaLoop op) {
        double[] x = new double[op.lanes().dim(0)];
        for (int i = 0; i < x.length; i++)
            x[i] = i % FmaLoop.STARTS + FmaLoop.A * FmaLoop.B * (double) op.iterations();
        return List.of(x);
    }

    static List<double[]> mmaLoop(MmaLoop op) {
        double[] x = new double[op.sums().dim(0)];
        for (int i = 0; i < x.length; i++)
            x[i] = i % FmaLoop.STARTS + FmaLoop.A * FmaLoop.B * (double) op.depth() * op.gaining();
        return List.of(x);
    }
}
