package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionTile.LANES;
import static dev.ridgeline.cpu.AttentionTile.ROWS;
import static dev.ridgeline.cpu.AttentionTile.STRIDE;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Attention;

import java.util.Arrays;

/// Attention in blocks with online softmax (FlashAttention-2, arXiv 2307.08691, algorithm 1).
///
/// For a block of queries and one of keys the scores are computed transposed, a row per key, so
/// that softmax runs down the columns with a query in each lane, and the second product reads the
/// probabilities as it needs them. A causal mask is applied only where the diagonal crosses a tile;
/// tiles beyond it are not computed.
///
/// k, transposed, and v of a head are copied to slabs once. A task is all query blocks that attend
/// with one key head; where there are too few of those for many threads they are dealt out to
/// several tasks. Scratch is the slabs and a block of scores: linear in the number of keys.
final class AttentionFlash implements Launch {
    /// Queries of a block, and keys.
    private static final int BLOCK = STRIDE;

    /// Tasks that many threads balance.
    private static final int TASKS = 64;

    /// Query blocks that make it worth to be a task of its own.
    private static final int BLOCKS_PER_TASK = 4;

    /// What one worker uses for a block of queries.
    private final class Scratch {
        final float[] rows = new float[slab.floats(BLOCK)];
        final float[] work = new float[BLOCK * STRIDE];
        final float[] queries = new float[slab.transposedFloats()];
        final float[] scores = new float[BLOCK * STRIDE];
        final float[] out = new float[slab.floats(BLOCK)];
        final float[] max = new float[BLOCK];
        final float[] sum = new float[BLOCK];
        final float[] rescale = new float[BLOCK];
    }

    /// What the queries of one key head share: per block of keys a slab of k transposed, and v.
    private final class Keys {
        final float[] k = new float[Math.multiplyExact(keyBlocks, slab.transposedFloats())];
        final float[] v = new float[slab.floats(keyBlocks * BLOCK)];
    }

    private final Attention op;
    private final Workers workers;
    private final AttentionView q;
    private final AttentionView k;
    private final AttentionView v;
    private final AttentionView out;
    private final AttentionView lse;
    private final AttentionSlab slab;
    private final int keyHeads;
    private final int group;
    private final int keyBlocks;
    private final int queryBlocks;

    /// Tasks that share the queries of one key head.
    private final int shares;

    private final Scratch[] scratch;
    private final Keys[] keys;

    AttentionFlash(Attention op, Workers workers) {
        this.op = op;
        this.workers = workers;
        q = AttentionView.of(op.q());
        k = AttentionView.of(op.k());
        v = AttentionView.of(op.v());
        out = AttentionView.of(op.out());
        lse = AttentionView.of(op.lse());
        slab = AttentionSlab.of(op.headDim());
        keyHeads = op.batch() * op.keyHeads();
        group = op.heads() / op.keyHeads();
        keyBlocks = (op.keys() + BLOCK - 1) / BLOCK;
        queryBlocks = (op.queries() + BLOCK - 1) / BLOCK;
        int most = (TASKS + keyHeads - 1) / keyHeads;
        shares = Math.clamp(group * queryBlocks / BLOCKS_PER_TASK, 1, most);
        scratch = new Scratch[workers.threads()];
        Arrays.setAll(scratch, w -> new Scratch());
        keys = new Keys[shares == 1 ? workers.threads() : keyHeads];
        Arrays.setAll(keys, s -> new Keys());
    }

    @Override
    public void on(Stream stream) {
        if (shares == 1) {
            workers.run(
                    keyHeads,
                    (head, worker) -> {
                        for (int block = 0; block < keyBlocks; block++)
                            readKeys(head, block, keys[worker], scratch[worker]);
                        share(head, 0, keys[worker], scratch[worker]);
                    });
            return;
        }
        workers.run(
                keyHeads * keyBlocks,
                (task, worker) -> {
                    int head = task / keyBlocks;
                    readKeys(head, task % keyBlocks, keys[head], scratch[worker]);
                });
        workers.run(
                keyHeads * shares,
                (task, worker) -> {
                    int head = task / shares;
                    share(head, task % shares, keys[head], scratch[worker]);
                });
    }

    private void readKeys(int head, int block, Keys into, Scratch s) {
        int b = head / op.keyHeads();
        int h = head % op.keyHeads();
        int from = block * BLOCK;
        int count = Math.min(BLOCK, op.keys() - from);
        slab.read(v, b, h, from, count, into.v, from, keyBlocks * BLOCK);
        slab.read(k, b, h, from, count, s.rows, 0, BLOCK);
        slab.transpose(s.rows, count, into.k, block * slab.transposedFloats(), s.work);
    }

    /// Every `shares`-th query block of a key head: under a causal mask neighbours cost about the
    /// same.
    private void share(int head, int share, Keys kv, Scratch s) {
        int b = head / op.keyHeads();
        int firstHead = head % op.keyHeads() * group;
        float factor = (float) (op.scale() / AttentionSoftmax.LN_2);
        for (int block = share; block < group * queryBlocks; block += shares) {
            int h = firstHead + block / queryBlocks;
            int i0 = block % queryBlocks * BLOCK;
            int queries = Math.min(BLOCK, op.queries() - i0);
            slab.read(q, b, h, i0, queries, s.rows, 0, BLOCK);
            for (int i = 0; i < queries; i++) slab.scale(s.rows, i, BLOCK, factor);
            slab.transpose(s.rows, queries, s.queries, 0, s.work);
            attend(i0, queries, kv, s);
            slab.write(s.out, 0, BLOCK, out, b, h, i0, queries);
            lse.write(lse.row(b, h, i0), queries, s.max, 0);
        }
    }

    private void attend(int i0, int queries, Keys kv, Scratch s) {
        Arrays.fill(s.max, Float.NEGATIVE_INFINITY);
        Arrays.fill(s.sum, 0);
        int visible = op.causal() ? i0 + queries : op.keys();
        for (int j0 = 0; j0 < visible; j0 += BLOCK) {
            int count = Math.min(BLOCK, visible - j0);
            for (int lane = 0; lane < queries; lane += LANES) {
                int seen = seen(i0 + lane + LANES, j0, count);
                scores(kv, j0, seen, lane, s);
                if (op.causal() && j0 + seen > i0 + lane) mask(i0 + lane - j0, seen, lane, s);
                AttentionSoftmax.online(s.scores, lane, seen, s.max, s.sum, s.rescale);
            }
            if (j0 > 0) rescale(queries, s);
            weighValues(kv, i0, j0, queries, count, s);
        }
        for (int i = 0; i < queries; i++) {
            s.rescale[i] = 1 / s.sum[i];
            s.max[i] = (float) (s.max[i] * AttentionSoftmax.LN_2 + Math.log(s.sum[i]));
        }
        rescale(queries, s);
    }

    /// How many of the block's `count` keys from `j0` on are computed for queries before `end`:
    /// under a causal mask those up to the last of these queries, in whole tiles.
    private int seen(int end, int j0, int count) {
        return op.causal() ? Math.min(count, AttentionTile.roundUp(end - j0, ROWS)) : count;
    }

    private void scores(Keys kv, int j0, int seen, int lane, Scratch s) {
        int ko = j0 / BLOCK * slab.transposedFloats();
        for (int j = 0; j < seen; j += ROWS)
            AttentionTile.multiply(
                    kv.k,
                    ko + j,
                    s.queries,
                    lane,
                    s.scores,
                    j * STRIDE + lane,
                    slab.headDim(),
                    false);
    }

    /// Hides the keys past each query of the tile: key j of the block from query `j - first` on.
    private static void mask(int first, int seen, int lane, Scratch s) {
        for (int j = Math.max(0, first + 1); j < seen; j++) {
            int at = j * STRIDE + lane;
            Arrays.fill(s.scores, at, at + Math.min(j - first, LANES), Float.NEGATIVE_INFINITY);
        }
    }

    private void rescale(int queries, Scratch s) {
        for (int i = 0; i < queries; i++) {
            if (s.rescale[i] != 1) slab.scale(s.out, i, BLOCK, s.rescale[i]);
        }
    }

    /// `out (+)= p · v` for the keys of the block.
    private void weighValues(Keys kv, int i0, int j0, int queries, int count, Scratch s) {
        for (int part = 0; part < slab.parts(); part++) {
            int vo = (part * keyBlocks * BLOCK + j0) * STRIDE;
            for (int i = 0; i < queries; i += ROWS) {
                int oo = (part * BLOCK + i) * STRIDE;
                int depth = seen(i0 + i + ROWS, j0, count);
                for (int d = 0; d < slab.width(part); d += LANES)
                    AttentionTile.multiply(s.scores, i, kv.v, vo + d, s.out, oo + d, depth, j0 > 0);
            }
        }
    }
}
