package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionPanels.BLOCK;
import static dev.ridgeline.cpu.AttentionPanels.PANELS;
import static dev.ridgeline.cpu.GemmTile.WIDTH;

import jdk.incubator.vector.FloatVector;

import java.util.Arrays;

/// One block of queries of the attention backward, and what one worker needs for it.
///
/// Against a block of keys it takes five products ([AttentionPanels]): for each panel of queries
/// the scores and `v · doutᵀ`, a row per key, which [AttentionSoftmax#gradients] makes p and ds of,
/// and `dq += ds · k`; then, with p and ds turned so that they have a row per query, `dv += pᵀ ·
/// dout` and `dk += dsᵀ · q` for each panel of keys. A causal mask is applied only where the
/// diagonal crosses a panel, and what it hides is not computed.
///
/// Turned, queries come last first: under a causal mask a panel of keys is then seen by the rows
/// from 0 to some row, and products begin at row 0 always.
final class AttentionGradients {
    /// A block of keys' side of it, for blocks one after the other.
    static final class Keys {
        final float[][] k;
        final float[][] v;
        final float[][] kDims;
        final float[][] dk;
        final float[][] dv;

        Keys(AttentionPanels panels, int blocks) {
            int rows = Math.multiplyExact(blocks, BLOCK);
            k = panels.leftByRows(rows);
            v = panels.leftByRows(rows);
            kDims = panels.leftByDims(blocks, BLOCK);
            dk = panels.results(rows);
            dv = panels.results(rows);
        }
    }

    final AttentionPanels panels;
    private final boolean causal;

    /// Panels of queries; q comes with a factor of scale · log2(e).
    final float[][] q;

    final float[][] dout;
    final float[][] out;
    final float[][] dq;

    /// Groups of dimensions, the last query first.
    final float[][] qDims;

    final float[][] doutDims;

    /// Per query, in units of ln 2.
    final float[] lse = new float[BLOCK];

    final float[] rows;
    private final float[] delta = new float[BLOCK];
    private final float[] p = new float[BLOCK * WIDTH];
    private final float[] ds = new float[BLOCK * WIDTH];
    private final float[][] pTurned = new float[PANELS][BLOCK * WIDTH];
    private final float[][] dsTurned = new float[PANELS][BLOCK * WIDTH];

    AttentionGradients(int headDim, boolean causal) {
        this.causal = causal;
        panels = AttentionPanels.of(headDim);
        q = panels.right(BLOCK);
        dout = panels.right(BLOCK);
        out = panels.right(BLOCK);
        dq = panels.results(BLOCK);
        qDims = panels.leftByDims(1, BLOCK);
        doutDims = panels.leftByDims(1, BLOCK);
        rows = new float[WIDTH * headDim];
    }

    /// To be called when all of a block of queries has been packed.
    void begin() {
        for (int panel = 0; panel < PANELS; panel++) {
            delta(dout[panel], out[panel], panel * WIDTH);
            Arrays.fill(dq[panel], 0);
        }
    }

    /// `delta = Σ dout · out` of each query of a panel.
    private void delta(float[] dout, float[] out, int query) {
        var a = FloatVector.zero(Lanes.F32);
        var b = FloatVector.zero(Lanes.F32);
        for (int i = 0; i < out.length; i += WIDTH) {
            int j = i + Lanes.COUNT;
            var o = FloatVector.fromArray(Lanes.F32, out, i);
            a = FloatVector.fromArray(Lanes.F32, dout, i).fma(o, a);
            b =
                    FloatVector.fromArray(Lanes.F32, dout, j)
                            .fma(FloatVector.fromArray(Lanes.F32, out, j), b);
        }
        a.intoArray(delta, query);
        b.intoArray(delta, query + Lanes.COUNT);
    }

    /// Adds what a block of keys gives to `dq`, `keys.dk` and `keys.dv`.
    ///
    /// @param block of `keys`
    /// @param count keys in it
    /// @param ahead of its first key is the first query: `i0 - j0`, not negative if causal
    void step(Keys keys, int block, int count, int queries, int ahead) {
        int keyPanels = Math.ceilDiv(count, WIDTH);
        for (int panel = 0; panel * WIDTH < queries; panel++) {
            int first = ahead + panel * WIDTH;
            int seen = causal ? Math.min(count, first + WIDTH) : count;
            weights(keys, block, panel, seen, first);
            int depth = AttentionPanels.roundUp(seen, 2);
            panels.weigh(keys.kDims, block * panels.groups(), ds, depth, dq[panel]);
            turn(panel, queries, keyPanels, seen);
        }
        for (int j = 0; j < keyPanels; j++) {
            int from = causal ? Math.max(0, j * WIDTH - ahead) : 0;
            if (from >= queries) break;
            int depth = AttentionPanels.roundUp(queries - from, 2);
            panels.weigh(doutDims, 0, pTurned[j], depth, keys.dv[block * PANELS + j]);
            panels.weigh(qDims, 0, dsTurned[j], depth, keys.dk[block * PANELS + j]);
        }
    }

    /// p and ds of a panel of queries, zero in the last panel of keys beyond those that are seen.
    private void weights(Keys keys, int block, int panel, int seen, int ahead) {
        int at = block * BLOCK / GemmTile.HEIGHT;
        panels.scores(keys.k, at, q[panel], seen, p);
        panels.scores(keys.v, at, dout[panel], seen, ds);
        AttentionSoftmax.gradients(p, ds, seen, panel * WIDTH, lse, delta);
        if (causal) {
            for (int j = Math.max(0, ahead + 1); j < seen; j++) {
                int hidden = j * WIDTH + Math.min(j - ahead, WIDTH);
                Arrays.fill(p, j * WIDTH, hidden, 0);
                Arrays.fill(ds, j * WIDTH, hidden, 0);
            }
        }
        int end = AttentionPanels.roundUp(seen, WIDTH) * WIDTH;
        Arrays.fill(p, seen * WIDTH, end, 0);
        Arrays.fill(ds, seen * WIDTH, end, 0);
    }

    /// Brings p and ds of a panel of queries to where they belong turned, zeros where they were not
    /// computed.
    private void turn(int panel, int queries, int keyPanels, int seen) {
        int count = Math.min(WIDTH, queries - panel * WIDTH);
        int row = queries - 1 - panel * WIDTH;
        for (int j = 0; j < keyPanels; j++) {
            turn(p, j, count, row, seen, pTurned[j]);
            turn(ds, j, count, row, seen, dsTurned[j]);
            if (panel == 0) {
                // completes an odd depth
                int after = queries * WIDTH;
                int end = Math.min(after + WIDTH, BLOCK * WIDTH);
                Arrays.fill(pTurned[j], after, end, 0);
                Arrays.fill(dsTurned[j], after, end, 0);
            }
        }
    }

    private static void turn(float[] from, int j, int count, int row, int seen, float[] to) {
        if (j * WIDTH < seen)
            AttentionTranspose.transpose(
                    from, j * WIDTH * WIDTH, WIDTH, WIDTH, count, to, row * WIDTH, -WIDTH);
        else Arrays.fill(to, (row + 1 - count) * WIDTH, (row + 1) * WIDTH, 0);
    }
}
