package dev.ridgeline.reference;

import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;

import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/// Attention one query row at a time. With scores `s = scale · q · kᵀ` of the visible keys:
///
/// - forward: `lse = log Σ exp s`, `p = exp(s - lse)`, `out = p · v`
/// - backward: `p` again from the given `lse`, `dv = pᵀ · dout`, `dp = dout · vᵀ`, `ds = p ∘ (dp -
///   dout · out)`, `dq = scale · ds · k`, `dk = scale · dsᵀ · q`
///
/// Rows of q, k and v are shared out to threads, each computed whole by one of them in one order,
/// so that the bits do not depend on how many there are.
///
/// In the backward `dout · out` stands for the row sum of `p ∘ dp`: the two are equal where `out`
/// and `lse` come from the forward.
final class AttentionReference {
    private AttentionReference() {}

    static List<double[]> forward(Attention op) {
        double[] q = Dense.read(op.q());
        double[] k = Dense.read(op.k());
        double[] v = Dense.read(op.v());
        int queries = op.queries();
        int keys = op.keys();
        int dim = op.headDim();
        double[] out = new double[q.length];
        double[] lse = new double[q.length / dim];
        rows(
                lse.length,
                row -> {
                    double[] p = new double[keys];
                    int key0 = keyHead(row / queries, op.heads(), op.keyHeads()) * keys;
                    int visible = op.causal() ? row % queries + 1 : keys;
                    double max = Double.NEGATIVE_INFINITY;
                    for (int j = 0; j < visible; j++) {
                        p[j] = op.scale() * dot(q, row, k, key0 + j, dim);
                        max = Math.max(max, p[j]);
                    }
                    double sum = 0;
                    for (int j = 0; j < visible; j++) sum += Math.exp(p[j] - max);
                    lse[row] = max + Math.log(sum);
                    for (int j = 0; j < visible; j++)
                        add(Math.exp(p[j] - lse[row]), v, key0 + j, out, row, dim);
                });
        return List.of(out, lse);
    }

    static List<double[]> backward(AttentionBackward op) {
        double[] q = Dense.read(op.q());
        double[] k = Dense.read(op.k());
        double[] v = Dense.read(op.v());
        double[] out = Dense.read(op.out());
        double[] lse = Dense.read(op.lse());
        double[] dout = Dense.read(op.dout());
        int queries = op.queries();
        int keys = op.keys();
        int dim = op.headDim();
        double[] dq = new double[q.length];
        double[] dk = new double[k.length];
        double[] dv = new double[v.length];
        double[] delta = new double[lse.length];
        rows(lse.length, row -> delta[row] = dot(dout, row, out, row, dim));
        rows(
                lse.length,
                row -> {
                    int key0 = keyHead(row / queries, op.heads(), op.keyHeads()) * keys;
                    int visible = op.causal() ? row % queries + 1 : keys;
                    for (int key = key0; key < key0 + visible; key++) {
                        double p = Math.exp(op.scale() * dot(q, row, k, key, dim) - lse[row]);
                        double ds = p * (dot(dout, row, v, key, dim) - delta[row]);
                        add(op.scale() * ds, k, key, dq, row, dim);
                    }
                });
        int group = op.heads() / op.keyHeads();
        rows(
                k.length / dim,
                key -> {
                    // key heads and query heads are both counted with those of a batch together
                    int row0 = key / keys * group * queries;
                    for (int row = row0; row < row0 + group * queries; row++) {
                        if (op.causal() && row % queries < key % keys) continue;
                        double p = Math.exp(op.scale() * dot(q, row, k, key, dim) - lse[row]);
                        double ds = p * (dot(dout, row, v, key, dim) - delta[row]);
                        add(p, dout, row, dv, key, dim);
                        add(op.scale() * ds, q, row, dk, key, dim);
                    }
                });
        return List.of(dq, dk, dv);
    }

    private static void rows(int count, IntConsumer row) {
        IntStream.range(0, count).parallel().forEach(row);
    }

    /// The (batch, key head) of a (batch, query head), both counted row-major.
    private static int keyHead(int head, int heads, int keyHeads) {
        return head / heads * keyHeads + head % heads / (heads / keyHeads);
    }

    /// Row `i` of `a` times row `j` of `b`, rows of `dim`.
    private static double dot(double[] a, int i, double[] b, int j, int dim) {
        double sum = 0;
        for (int d = 0; d < dim; d++) sum += a[i * dim + d] * b[j * dim + d];
        return sum;
    }

    /// Adds `factor` times row `i` of `a` to row `j` of `b`, rows of `dim`.
    private static void add(double factor, double[] a, int i, double[] b, int j, int dim) {
        for (int d = 0; d < dim; d++) b[j * dim + d] += factor * a[i * dim + d];
    }
}
