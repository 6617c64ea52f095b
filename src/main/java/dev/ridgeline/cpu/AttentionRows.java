package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Attention;

import java.util.Arrays;

/// Attention as its formula reads, one query row at a time: all its scores, then the weighted sum
/// of the values. What the tiled kernel is compared with on problems too large for the reference.
/// Scratch per worker is a row of scores and three rows of D.
final class AttentionRows implements Launch {
    /// Rows of one task.
    static final int BLOCK = 16;

    /// What one worker uses; rows of D are padded with zeros to whole vectors.
    private static final class Scratch {
        final float[] scores;
        final float[] query;
        final float[] row;
        final float[] sum;

        Scratch(int keys, int headDim) {
            scores = new float[keys];
            query = row(headDim);
            row = row(headDim);
            sum = row(headDim);
        }
    }

    private final Attention op;
    private final Workers workers;
    private final AttentionView q;
    private final AttentionView k;
    private final AttentionView v;
    private final AttentionView out;
    private final AttentionView lse;
    private final Scratch[] scratch;

    AttentionRows(Attention op, Workers workers) {
        this.op = op;
        this.workers = workers;
        q = AttentionView.of(op.q());
        k = AttentionView.of(op.k());
        v = AttentionView.of(op.v());
        out = AttentionView.of(op.out());
        lse = AttentionView.of(op.lse());
        scratch = new Scratch[workers.threads()];
        Arrays.setAll(scratch, w -> new Scratch(op.keys(), op.headDim()));
    }

    @Override
    public void on(Stream stream) {
        int blocks = (op.queries() + BLOCK - 1) / BLOCK;
        workers.run(
                op.batch() * op.heads() * blocks,
                (task, worker) -> {
                    int head = task / blocks;
                    int from = task % blocks * BLOCK;
                    int to = Math.min(from + BLOCK, op.queries());
                    for (int i = from; i < to; i++)
                        row(head / op.heads(), head % op.heads(), i, scratch[worker]);
                });
    }

    private void row(int b, int h, int i, Scratch s) {
        int keyHead = h / (op.heads() / op.keyHeads());
        int visible = op.causal() ? i + 1 : op.keys();
        q.read(q.row(b, h, i), op.headDim(), s.query, 0);
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < visible; j++) {
            k.read(k.row(b, keyHead, j), op.headDim(), s.row, 0);
            s.scores[j] =
                    (float) op.scale() * AttentionVectors.dot(s.query, s.row, 0, op.headDim());
            max = Math.max(max, s.scores[j]);
        }
        double total = 0;
        Arrays.fill(s.sum, 0);
        for (int j = 0; j < visible; j++) {
            double p = Math.exp(s.scores[j] - max);
            total += p;
            v.read(v.row(b, keyHead, j), op.headDim(), s.row, 0);
            AttentionVectors.addScaled((float) p, s.row, s.sum);
        }
        AttentionVectors.scale(s.sum, 0, op.headDim(), (float) (1 / total));
        out.write(out.row(b, h, i), op.headDim(), s.sum, 0);
        Lanes.set(lse.dtype(), (float) (max + Math.log(total)), lse.memory(), lse.row(b, h, i));
    }

    /// Room for a row of D, padded with zeros to whole vectors.
    static float[] row(int headDim) {
        return new float[(headDim + Lanes.COUNT - 1) / Lanes.COUNT * Lanes.COUNT];
    }
}
