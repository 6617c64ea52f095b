package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.AttentionBackward;

import java.util.Arrays;

/// The gradients of attention as their formulas read: dq one query row at a time, then dk and dv
/// one key row at a time, so that no two tasks write the same row. The probabilities are computed
/// in both. Scratch per worker is six rows of D, and one number per query.
final class AttentionRowsBackward implements Launch {
    /// What one worker uses; rows of D are padded with zeros to whole vectors.
    private static final class Scratch {
        final float[] query;
        final float[] dout;
        final float[] key;
        final float[] value;
        final float[] sum;
        final float[] valueSum;

        Scratch(int headDim) {
            query = AttentionRows.row(headDim);
            dout = AttentionRows.row(headDim);
            key = AttentionRows.row(headDim);
            value = AttentionRows.row(headDim);
            sum = AttentionRows.row(headDim);
            valueSum = AttentionRows.row(headDim);
        }
    }

    private final AttentionBackward op;
    private final Workers workers;
    private final int dim;
    private final int group;
    private final AttentionView q;
    private final AttentionView k;
    private final AttentionView v;
    private final AttentionView out;
    private final AttentionView lse;
    private final AttentionView dout;
    private final AttentionView dq;
    private final AttentionView dk;
    private final AttentionView dv;

    /// `dout · out` of each query row, (B, H, T).
    private final float[] delta;

    private final Scratch[] scratch;

    AttentionRowsBackward(AttentionBackward op, Workers workers) {
        this.op = op;
        this.workers = workers;
        dim = op.headDim();
        group = op.heads() / op.keyHeads();
        q = AttentionView.of(op.q());
        k = AttentionView.of(op.k());
        v = AttentionView.of(op.v());
        out = AttentionView.of(op.out());
        lse = AttentionView.of(op.lse());
        dout = AttentionView.of(op.dout());
        dq = AttentionView.of(op.dq());
        dk = AttentionView.of(op.dk());
        dv = AttentionView.of(op.dv());
        delta = new float[Math.toIntExact(op.lse().count())];
        scratch = new Scratch[workers.threads()];
        Arrays.setAll(scratch, w -> new Scratch(dim));
    }

    @Override
    public void on(Stream stream) {
        int block = AttentionRows.BLOCK;
        int queryBlocks = (op.queries() + block - 1) / block;
        workers.run(
                op.batch() * op.heads() * queryBlocks,
                (task, worker) -> {
                    int head = task / queryBlocks;
                    int from = task % queryBlocks * block;
                    for (int i = from; i < Math.min(from + block, op.queries()); i++)
                        queryRow(head / op.heads(), head % op.heads(), i, scratch[worker]);
                });
        int keyBlocks = (op.keys() + block - 1) / block;
        workers.run(
                op.batch() * op.keyHeads() * keyBlocks,
                (task, worker) -> {
                    int head = task / keyBlocks;
                    int from = task % keyBlocks * block;
                    for (int j = from; j < Math.min(from + block, op.keys()); j++)
                        keyRow(head / op.keyHeads(), head % op.keyHeads(), j, scratch[worker]);
                });
    }

    /// `dq = scale · Σ ds · k` over the keys that query `i` sees.
    private void queryRow(int b, int h, int i, Scratch s) {
        out.read(out.row(b, h, i), dim, s.value, 0);
        dout.read(dout.row(b, h, i), dim, s.dout, 0);
        delta[row(b, h, i)] = AttentionVectors.dot(s.dout, s.value, 0, dim);
        q.read(q.row(b, h, i), dim, s.query, 0);
        Arrays.fill(s.sum, 0);
        int visible = op.causal() ? i + 1 : op.keys();
        for (int j = 0; j < visible; j++) {
            k.read(k.row(b, h / group, j), dim, s.key, 0);
            v.read(v.row(b, h / group, j), dim, s.value, 0);
            float p = probability(b, h, i, s);
            float ds = p * (AttentionVectors.dot(s.dout, s.value, 0, dim) - delta[row(b, h, i)]);
            AttentionVectors.addScaled(ds, s.key, s.sum);
        }
        AttentionVectors.scale(s.sum, 0, dim, (float) op.scale());
        dq.write(dq.row(b, h, i), dim, s.sum, 0);
    }

    /// `dk = scale · Σ ds · q` and `dv = Σ p · dout` over the queries that see key `j`, of all
    /// query heads of the group.
    private void keyRow(int b, int keyHead, int j, Scratch s) {
        k.read(k.row(b, keyHead, j), dim, s.key, 0);
        v.read(v.row(b, keyHead, j), dim, s.value, 0);
        Arrays.fill(s.sum, 0);
        Arrays.fill(s.valueSum, 0);
        for (int h = keyHead * group; h < (keyHead + 1) * group; h++) {
            for (int i = op.causal() ? j : 0; i < op.queries(); i++) {
                q.read(q.row(b, h, i), dim, s.query, 0);
                dout.read(dout.row(b, h, i), dim, s.dout, 0);
                float p = probability(b, h, i, s);
                float ds =
                        p * (AttentionVectors.dot(s.dout, s.value, 0, dim) - delta[row(b, h, i)]);
                AttentionVectors.addScaled(ds, s.query, s.sum);
                AttentionVectors.addScaled(p, s.dout, s.valueSum);
            }
        }
        AttentionVectors.scale(s.sum, 0, dim, (float) op.scale());
        dk.write(dk.row(b, keyHead, j), dim, s.sum, 0);
        dv.write(dv.row(b, keyHead, j), dim, s.valueSum, 0);
    }

    /// With which query `i` attends to the key, both in `s`.
    private float probability(int b, int h, int i, Scratch s) {
        float kept = Lanes.get(lse.dtype(), lse.memory(), lse.row(b, h, i));
        return (float) Math.exp(op.scale() * AttentionVectors.dot(s.query, s.key, 0, dim) - kept);
    }

    private int row(int b, int h, int i) {
        return (b * op.heads() + h) * op.queries() + i;
    }
}
