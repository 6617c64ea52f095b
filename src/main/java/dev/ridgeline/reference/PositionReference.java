package dev.ridgeline.reference;

import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.Rope;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

final class PositionReference {
    private PositionReference() {}

    static List<double[]> rope(Rope op) {
        double[] x = Dense.read(op.x());
        double[] frequencies = Dense.read(op.frequencies());
        int half = frequencies.length;
        int positions = op.x().dim(2);
        for (int row = 0; row < x.length / (2 * half); row++) {
            int position = op.firstPosition() + row % positions;
            for (int i = 0; i < half; i++) {
                double angle = (op.inverse() ? -1 : 1) * position * frequencies[i];
                int low = row * 2 * half + i;
                int high = low + half;
                double a = x[low];
                double b = x[high];
                x[low] = a * Math.cos(angle) - b * Math.sin(angle);
                x[high] = b * Math.cos(angle) + a * Math.sin(angle);
            }
        }
        return List.of(x);
    }

    static List<double[]> embedding(Embedding op) {
        double[] tokens = Dense.read(op.tokens());
        double[] table = Dense.read(op.table());
        double[] positions = op.positions().map(Dense::read).orElse(new double[op.cols()]);
        int cols = op.cols();
        double[] y = new double[op.rows() * cols];
        for (int r = 0; r < op.rows(); r++) {
            int token = (int) tokens[r];
            if (token < 0 || token >= op.table().dim(0)) {
                Arrays.fill(y, r * cols, (r + 1) * cols, Double.NaN);
                continue;
            }
            for (int c = 0; c < cols; c++)
                y[r * cols + c] =
                        table[token * cols + c] + positions[(r * cols + c) % positions.length];
        }
        return List.of(y);
    }

    static List<double[]> embeddingBackward(EmbeddingBackward op) {
        double[] tokens = Dense.read(op.tokens());
        double[] dy = Dense.read(op.dy());
        double[] dtable = Dense.read(op.dtable());
        double[] dpositions = op.dpositions().map(Dense::read).orElse(new double[op.cols()]);
        int cols = op.cols();
        for (int r = 0; r < op.rows(); r++) {
            int token = (int) tokens[r];
            boolean known = token >= 0 && token < op.dtable().dim(0);
            for (int c = 0; c < cols; c++) {
                if (known) dtable[token * cols + c] += dy[r * cols + c];
                dpositions[(r * cols + c) % dpositions.length] += dy[r * cols + c];
            }
        }
        var written = new ArrayList<>(List.of(dtable));
        if (op.dpositions().isPresent()) written.add(dpositions);
        return written;
    }
}
