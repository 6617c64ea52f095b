package dev.ridgeline.reference;

import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Residual;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.RmsNormBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

final class NormReference {
    private NormReference() {}

    static List<double[]> rmsNorm(RmsNorm op) {
        int rows = op.rows();
        int cols = op.cols();
        double[] sum = sum(op.x(), op.residual());
        double[] x = stored(op.x().dtype(), sum);
        double[] weight = Dense.read(op.weight());
        double[] y = new double[x.length];
        double[] rstd = new double[rows];
        for (int r = 0; r < rows; r++) {
            double squares = 0;
            for (int c = 0; c < cols; c++) squares += x[r * cols + c] * x[r * cols + c];
            rstd[r] = 1 / Math.sqrt(squares / cols + op.eps());
            for (int c = 0; c < cols; c++) y[r * cols + c] = x[r * cols + c] * rstd[r] * weight[c];
        }
        return op.residual().isPresent() ? List.of(y, rstd, sum) : List.of(y, rstd);
    }

    static List<double[]> rmsNormBackward(RmsNormBackward op) {
        int rows = op.rows();
        int cols = op.cols();
        double[] x = Dense.read(op.x());
        double[] weight = Dense.read(op.weight());
        double[] rstd = Dense.read(op.rstd());
        double[] dy = Dense.read(op.dy());
        double[] dx = new double[x.length];
        double[] dweight = Dense.read(op.dweight());
        for (int r = 0; r < rows; r++) {
            double projection = 0;
            for (int c = 0; c < cols; c++) {
                int i = r * cols + c;
                projection += dy[i] * weight[c] * x[i] * rstd[r] / cols;
            }
            for (int c = 0; c < cols; c++) {
                int i = r * cols + c;
                double normal = x[i] * rstd[r];
                dx[i] = rstd[r] * (dy[i] * weight[c] - normal * projection);
                dweight[c] += dy[i] * normal;
            }
        }
        op.residual().ifPresent(t -> add(t, dx));
        return List.of(dx, dweight);
    }

    static List<double[]> layerNorm(LayerNorm op) {
        int rows = op.rows();
        int cols = op.cols();
        double[] sum = sum(op.x(), op.residual());
        double[] x = stored(op.x().dtype(), sum);
        double[] weight = Dense.read(op.weight());
        double[] bias = Dense.read(op.bias());
        double[] y = new double[x.length];
        double[] mean = new double[rows];
        double[] rstd = new double[rows];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) mean[r] += x[r * cols + c] / cols;
            double variance = 0;
            for (int c = 0; c < cols; c++) {
                double centred = x[r * cols + c] - mean[r];
                variance += centred * centred / cols;
            }
            rstd[r] = 1 / Math.sqrt(variance + op.eps());
            for (int c = 0; c < cols; c++)
                y[r * cols + c] = (x[r * cols + c] - mean[r]) * rstd[r] * weight[c] + bias[c];
        }
        return op.residual().isPresent() ? List.of(y, mean, rstd, sum) : List.of(y, mean, rstd);
    }

    private static double[] sum(Tensor x, Optional<Residual> residual) {
        double[] sum = Dense.read(x);
        if (residual.isPresent()) add(residual.get().branch(), sum);
        return sum;
    }

    private static void add(Tensor t, double[] to) {
        double[] values = Dense.read(t);
        for (int i = 0; i < to.length; i++) to[i] += values[i];
    }

    /// As memory keeps them.
    private static double[] stored(DType dtype, double[] values) {
        return Arrays.stream(values)
                .map(v -> dtype == DType.BF16 ? DType.fromBf16(DType.toBf16((float) v)) : (float) v)
                .toArray();
    }

    static List<double[]> layerNormBackward(LayerNormBackward op) {
        int rows = op.rows();
        int cols = op.cols();
        double[] x = Dense.read(op.x());
        double[] weight = Dense.read(op.weight());
        double[] mean = Dense.read(op.mean());
        double[] rstd = Dense.read(op.rstd());
        double[] dy = Dense.read(op.dy());
        double[] dx = new double[x.length];
        double[] dweight = Dense.read(op.dweight());
        double[] dbias = Dense.read(op.dbias());
        for (int r = 0; r < rows; r++) {
            double meanGradient = 0;
            double projection = 0;
            for (int c = 0; c < cols; c++) {
                int i = r * cols + c;
                meanGradient += dy[i] * weight[c] / cols;
                projection += dy[i] * weight[c] * (x[i] - mean[r]) * rstd[r] / cols;
            }
            for (int c = 0; c < cols; c++) {
                int i = r * cols + c;
                double normal = (x[i] - mean[r]) * rstd[r];
                dx[i] = rstd[r] * (dy[i] * weight[c] - meanGradient - normal * projection);
                dweight[c] += dy[i] * normal;
                dbias[c] += dy[i];
            }
        }
        op.residual().ifPresent(t -> add(t, dx));
        return List.of(dx, dweight, dbias);
    }
}
