package dev.ridgeline.reference;

import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.ClipScale;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.op.Zero;

import java.util.ArrayList;
import java.util.List;

final class OptimizerReference {
    private OptimizerReference() {}

    static List<double[]> adamW(AdamW op) {
        double[] parameter = Dense.read(op.parameter());
        double[] gradient = Dense.read(op.gradient());
        double[] m = Dense.read(op.m());
        double[] v = Dense.read(op.v());
        double[] scalars = Dense.read(op.scalars());
        double rate = scalars[0];
        for (int i = 0; i < parameter.length; i++) {
            double g = gradient[i] * scalars[3];
            m[i] = op.beta1() * m[i] + (1 - op.beta1()) * g;
            v[i] = op.beta2() * v[i] + (1 - op.beta2()) * g * g;
            double step = m[i] / scalars[1] / (Math.sqrt(v[i] / scalars[2]) + op.eps());
            parameter[i] -= rate * (step + op.decay() * parameter[i]);
        }
        var written = new ArrayList<>(List.of(parameter, m, v));
        if (op.copy().isPresent()) written.add(parameter);
        return written;
    }

    static List<double[]> zero(Zero op) {
        return List.of(new double[Math.toIntExact(op.x().count())]);
    }

    static List<double[]> squaredNorm(SquaredNorm op) {
        double sum = 0;
        for (double x : Dense.read(op.x())) sum += x * x;
        return List.of(new double[] {sum});
    }

    static List<double[]> clipScale(ClipScale op) {
        double sum = 0;
        for (double square : Dense.read(op.squares())) sum += square;
        double norm = Math.sqrt(sum);
        double scale = Math.min(1, op.limit() / (norm + ClipScale.EPS));
        return List.of(new double[] {norm}, new double[] {scale});
    }
}
