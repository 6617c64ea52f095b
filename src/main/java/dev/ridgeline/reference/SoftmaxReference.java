package dev.ridgeline.reference;

import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SoftmaxBackward;

import java.util.Arrays;
import java.util.List;

final class SoftmaxReference {
    private SoftmaxReference() {}

    static List<double[]> softmax(Softmax op) {
        int cols = op.cols();
        double[] x = Dense.read(op.x());
        double[] y = new double[x.length];
        for (int at = 0; at < x.length; at += cols) {
            double logSum = logSumExp(x, at, cols);
            for (int i = at; i < at + cols; i++) y[i] = Math.exp(x[i] - logSum);
        }
        return List.of(y);
    }

    static List<double[]> softmaxBackward(SoftmaxBackward op) {
        int cols = op.cols();
        double[] y = Dense.read(op.y());
        double[] dy = Dense.read(op.dy());
        double[] dx = new double[y.length];
        for (int at = 0; at < y.length; at += cols) {
            double dot = 0;
            for (int i = at; i < at + cols; i++) dot += dy[i] * y[i];
            for (int i = at; i < at + cols; i++) dx[i] = y[i] * (dy[i] - dot);
        }
        return List.of(dx);
    }

    static List<double[]> crossEntropy(CrossEntropy op) {
        int vocab = op.cols();
        double[] logits = Dense.read(op.logits());
        double[] targets = Dense.read(op.targets());
        double[] losses = new double[targets.length];
        double[] dlogits = new double[logits.length];
        for (int r = 0; r < targets.length; r++) {
            int target = (int) targets[r];
            int at = r * vocab;
            if (target < 0) continue;
            if (target >= vocab) {
                losses[r] = Double.NaN;
                Arrays.fill(dlogits, at, at + vocab, Double.NaN);
                continue;
            }
            double logSum = logSumExp(logits, at, vocab);
            losses[r] = logSum - logits[at + target];
            for (int i = at; i < at + vocab; i++)
                dlogits[i] = Math.exp(logits[i] - logSum) * op.scale();
            dlogits[at + target] -= op.scale();
        }
        return List.of(losses, dlogits);
    }

    /// `log Σ exp(x[i])` for `i` in `[at, at + count)`.
    private static double logSumExp(double[] x, int at, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = at; i < at + count; i++) max = Math.max(max, x[i]);
        double sum = 0;
        for (int i = at; i < at + count; i++) sum += Math.exp(x[i] - max);
        return max + Math.log(sum);
    }
}
