package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionTile.LANES;
import static dev.ridgeline.cpu.AttentionTile.ROWS;
import static dev.ridgeline.cpu.AttentionTile.STRIDE;

import java.util.Arrays;

/// One block of queries of the attention backward, and what one worker needs for it.
///
/// Against a block of keys it takes five products: the scores and `dout · vᵀ`, a row per query,
/// which [AttentionSoftmax#gradients] makes p and ds of; then `dv += pᵀ · dout`, `dk += dsᵀ · q`
/// and `dq += ds · k`, the last one from ds transposed. A causal mask is applied only where the
/// diagonal crosses a tile, and what it hides is not computed.
final class AttentionGradients {
    /// Queries of a block, and keys.
    static final int BLOCK = STRIDE;

    /// A block of keys' side of it: k as rows and transposed, v transposed, and the sums dk and dv,
    /// all for `blocks` blocks one after the other.
    static final class Keys {
        final int blocks;
        final float[] k;
        final float[] kColumns;
        final float[] vColumns;
        final float[] dk;
        final float[] dv;

        Keys(AttentionSlab slab, int blocks) {
            this.blocks = blocks;
            k = new float[slab.floats(blocks * BLOCK)];
            kColumns = new float[Math.multiplyExact(blocks, slab.transposedFloats())];
            vColumns = new float[kColumns.length];
            dk = new float[k.length];
            dv = new float[k.length];
        }
    }

    private final AttentionSlab slab;
    private final boolean causal;

    /// Rows of D: q comes with a factor of scale · log2(e).
    final float[] q;

    final float[] out;
    final float[] dout;
    final float[] dq;

    /// Per query, in units of ln 2.
    final float[] lse = new float[BLOCK];

    final float[] work = new float[BLOCK * STRIDE];
    private final float[] delta = new float[BLOCK];
    private final float[] qColumns;
    private final float[] doutColumns;
    private final float[] p = new float[BLOCK * STRIDE];
    private final float[] ds = new float[BLOCK * STRIDE];
    private final float[] dsColumns = new float[BLOCK * STRIDE];

    AttentionGradients(AttentionSlab slab, boolean causal) {
        this.slab = slab;
        this.causal = causal;
        q = new float[slab.floats(BLOCK)];
        out = new float[q.length];
        dout = new float[q.length];
        dq = new float[q.length];
        qColumns = new float[slab.transposedFloats()];
        doutColumns = new float[slab.transposedFloats()];
    }

    /// To be called when `q`, `out`, `dout` and `lse` hold a block of `queries`.
    void begin(int queries) {
        slab.transpose(q, queries, qColumns, 0, work);
        slab.transpose(dout, queries, doutColumns, 0, work);
        for (int i = 0; i < queries; i++) delta[i] = slab.dot(dout, out, i, BLOCK);
        Arrays.fill(dq, 0);
    }

    /// Adds what a block of keys gives to `dq`, `keys.dk` and `keys.dv`.
    ///
    /// @param block of `keys`
    /// @param count keys in it
    /// @param ahead of its first key is the first query: `i0 - j0`, not negative if causal
    void step(Keys keys, int block, int count, int queries, int ahead) {
        int columns = block * slab.transposedFloats();
        for (int i = 0; i < queries; i += ROWS)
            tiles(qColumns, i, keys.kColumns, columns, p, seen(i, count, ahead));
        for (int i = 0; i < queries; i += ROWS)
            tiles(doutColumns, i, keys.vColumns, columns, ds, seen(i, count, ahead));
        for (int i = 0; i < queries; i += ROWS) {
            int seen = AttentionTile.roundUp(seen(i, count, ahead), LANES);
            AttentionSoftmax.gradients(p, ds, i * STRIDE, ROWS, seen, lse, delta, i);
            if (causal) mask(i, seen, ahead);
        }
        int row = block * BLOCK;
        addToKeys(p, dout, queries, keys.dv, row, keys, count, ahead);
        addToKeys(ds, q, queries, keys.dk, row, keys, count, ahead);
        AttentionTranspose.transpose(ds, 0, queries, count, dsColumns, 0, work);
        addToQueries(keys, row, queries, count, ahead);
    }

    /// How many of the block's keys the tile of queries from `i` on sees, the last of them most.
    private int seen(int i, int count, int ahead) {
        return causal ? Math.min(count, ahead + i + ROWS) : count;
    }

    /// A tile's height of `aᵀ · b`, `seen` columns.
    private void tiles(float[] a, int i, float[] b, int columns, float[] c, int seen) {
        for (int j = 0; j < seen; j += LANES)
            AttentionTile.multiply(a, i, b, columns + j, c, i * STRIDE + j, slab.headDim(), false);
    }

    /// Zeroes what the tile of queries from `i` on does not see of the `seen` keys computed for it.
    private void mask(int i, int seen, int ahead) {
        for (int r = i; r < i + ROWS; r++) {
            int first = ahead + r + 1;
            if (first >= seen) return;
            Arrays.fill(p, r * STRIDE + first, r * STRIDE + seen, 0);
            Arrays.fill(ds, r * STRIDE + first, r * STRIDE + seen, 0);
        }
    }

    /// `sum += weightsᵀ · rows`, for each key from the first tile of queries that sees it.
    private void addToKeys(
            float[] weights,
            float[] rows,
            int queries,
            float[] sum,
            int row,
            Keys keys,
            int count,
            int ahead) {
        for (int part = 0; part < slab.parts(); part++) {
            int ro = part * BLOCK * STRIDE;
            int so = (part * keys.blocks * BLOCK + row) * STRIDE;
            for (int j = 0; j < count; j += ROWS) {
                int from = causal ? Math.max(0, j - ahead) : 0;
                for (int d = 0; d < slab.width(part); d += LANES)
                    AttentionTile.multiply(
                            weights,
                            from * STRIDE + j,
                            rows,
                            ro + from * STRIDE + d,
                            sum,
                            so + j * STRIDE + d,
                            queries - from,
                            true);
            }
        }
    }

    /// `dq += ds · k`.
    private void addToQueries(Keys keys, int row, int queries, int count, int ahead) {
        for (int part = 0; part < slab.parts(); part++) {
            int ko = (part * keys.blocks * BLOCK + row) * STRIDE;
            for (int i = 0; i < queries; i += ROWS) {
                int qo = (part * BLOCK + i) * STRIDE;
                int depth = seen(i, count, ahead);
                for (int d = 0; d < slab.width(part); d += LANES)
                    AttentionTile.multiply(dsColumns, i, keys.k, ko + d, dq, qo + d, depth, true);
            }
        }
    }
}
