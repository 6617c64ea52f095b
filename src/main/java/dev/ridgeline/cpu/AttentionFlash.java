package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionPanels.BLOCK;
import static dev.ridgeline.cpu.GemmTile.HEIGHT;
import static dev.ridgeline.cpu.GemmTile.WIDTH;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Attention;

import java.util.Arrays;

/// Attention in blocks with online softmax (FlashAttention-2, arXiv 2307.08691, algorithm 1).
///
/// For a panel of queries and a block of keys the scores are computed with a row per key, so that
/// softmax runs down the columns with a query in each lane, and the second product reads the
/// probabilities as they lie ([AttentionPanels]). A causal mask is applied only where the diagonal
/// crosses a panel; what is beyond is not computed.
///
/// k and v of a head are packed once. A task is all query blocks that attend with one key head;
/// where there are too few of those for many threads they are dealt out to several tasks. Scratch
/// is the packed head and a block of queries: linear in the number of keys.
final class AttentionFlash implements Launch {
    /// Keys of a block, at most; it stays in the second-level cache for a block of queries.
    private static final int KEYS = 2 * BLOCK;

    /// Tasks that many threads balance.
    private static final int TASKS = 64;

    /// Query blocks that make it worth to be a task of its own.
    private static final int BLOCKS_PER_TASK = 4;

    /// What one worker uses for a block of queries.
    private static final class Scratch {
        final AttentionPanels panels;
        final float[][] queries;
        final float[][] out;
        final float[] scores = new float[KEYS * WIDTH];
        final float[] rows;
        final float[] max = new float[BLOCK];
        final float[] sum = new float[BLOCK];
        final float[] rescale = new float[BLOCK];

        Scratch(int headDim) {
            panels = AttentionPanels.of(headDim);
            queries = panels.right(BLOCK);
            out = panels.results(BLOCK);
            rows = new float[WIDTH * headDim];
        }
    }

    /// What the queries of one key head share: k as groups of keys, v as groups of dimensions.
    private record Keys(float[][] k, float[][] v) {}

    private final Attention op;
    private final Workers workers;
    private final AttentionView q;
    private final AttentionView k;
    private final AttentionView v;
    private final AttentionView out;
    private final AttentionView lse;
    private final int keyHeads;
    private final int group;
    private final int block;
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
        keyHeads = op.batch() * op.keyHeads();
        group = op.heads() / op.keyHeads();
        block = Math.min(KEYS, AttentionPanels.roundUp(op.keys(), 2 * HEIGHT));
        keyBlocks = Math.ceilDiv(op.keys(), block);
        queryBlocks = Math.ceilDiv(op.queries(), BLOCK);
        int most = Math.ceilDiv(TASKS, keyHeads);
        shares = Math.clamp(group * queryBlocks / BLOCKS_PER_TASK, 1, most);
        scratch = new Scratch[workers.threads()];
        Arrays.setAll(scratch, w -> new Scratch(op.headDim()));
        keys = new Keys[shares == 1 ? workers.threads() : keyHeads];
        var panels = scratch[0].panels;
        Arrays.setAll(
                keys,
                s ->
                        new Keys(
                                panels.leftByRows(Math.multiplyExact(keyBlocks, block)),
                                panels.leftByDims(keyBlocks, block)));
    }

    @Override
    public void on(Stream stream) {
        if (shares == 1) {
            workers.run(
                    keyHeads,
                    (head, worker) -> {
                        for (int b = 0; b < keyBlocks; b++)
                            readKeys(head, b, keys[worker], scratch[worker].panels);
                        share(head, 0, keys[worker], scratch[worker]);
                    });
            return;
        }
        workers.run(
                keyHeads * keyBlocks,
                (task, worker) -> {
                    int head = task / keyBlocks;
                    readKeys(head, task % keyBlocks, keys[head], scratch[worker].panels);
                });
        workers.run(
                keyHeads * shares,
                (task, worker) -> {
                    int head = task / shares;
                    share(head, task % shares, keys[head], scratch[worker]);
                });
    }

    private void readKeys(int head, int number, Keys into, AttentionPanels panels) {
        int b = head / op.keyHeads();
        int h = head % op.keyHeads();
        int from = number * block;
        int count = Math.min(block, op.keys() - from);
        panels.packLeftByRows(k.byRow(b, h, op.keys()), from, count, into.k, from / HEIGHT);
        int at = number * panels.groups();
        panels.packLeftByDims(v.byDim(b, h, op.headDim()), from, count, into.v, at);
    }

    /// Every `shares`-th query block of a key head: under a causal mask neighbours cost about the
    /// same.
    private void share(int head, int share, Keys kv, Scratch s) {
        int b = head / op.keyHeads();
        int firstHead = head % op.keyHeads() * group;
        float factor = (float) (op.scale() / AttentionSoftmax.LN_2);
        for (int i = share; i < group * queryBlocks; i += shares) {
            int h = firstHead + i / queryBlocks;
            int i0 = i % queryBlocks * BLOCK;
            int queries = Math.min(BLOCK, op.queries() - i0);
            s.panels.packRight(q.byRow(b, h, op.queries()), i0, queries, s.queries);
            for (var panel : s.queries) AttentionVectors.scale(panel, 0, panel.length, factor);
            attend(i0, queries, kv, s);
            for (int p = 0; p * WIDTH < queries; p++) {
                int first = i0 + p * WIDTH;
                int count = Math.min(WIDTH, queries - p * WIDTH);
                s.panels.write(s.out[p], 1, out, out.row(b, h, first), count, s.rows);
            }
            lse.write(lse.row(b, h, i0), queries, s.max, 0);
        }
    }

    private void attend(int i0, int queries, Keys kv, Scratch s) {
        Arrays.fill(s.max, Float.NEGATIVE_INFINITY);
        Arrays.fill(s.sum, 0);
        for (var panel : s.out) Arrays.fill(panel, 0);
        int visible = op.causal() ? i0 + queries : op.keys();
        for (int j0 = 0; j0 < visible; j0 += block) {
            int count = Math.min(block, visible - j0);
            for (int p = 0; p * WIDTH < queries; p++) {
                int ahead = i0 + p * WIDTH - j0;
                int seen = op.causal() ? Math.min(count, ahead + WIDTH) : count;
                if (seen > 0) attend(p, j0, seen, ahead, kv, s);
            }
        }
        for (int i = 0; i < queries; i++) {
            s.rescale[i] = 1 / s.sum[i];
            s.max[i] = (float) (s.max[i] * AttentionSoftmax.LN_2 + Math.log(s.sum[i]));
        }
        for (int p = 0; p * WIDTH < queries; p++)
            AttentionPanels.scale(s.out[p], s.rescale, p * WIDTH);
    }

    /// A panel of queries and the `seen` keys from `j0` on.
    ///
    /// @param ahead of the first key is the first query
    private void attend(int p, int j0, int seen, int ahead, Keys kv, Scratch s) {
        s.panels.scores(kv.k, j0 / HEIGHT, s.queries[p], seen, s.scores);
        if (op.causal()) mask(ahead, seen, s.scores);
        AttentionSoftmax.online(s.scores, seen, p * WIDTH, s.max, s.sum, s.rescale);
        if (j0 > 0 && changed(s.rescale, p * WIDTH))
            AttentionPanels.scale(s.out[p], s.rescale, p * WIDTH);
        int depth = AttentionPanels.roundUp(seen, 2);
        Arrays.fill(s.scores, seen * WIDTH, depth * WIDTH, 0);
        s.panels.weigh(kv.v, j0 / block * s.panels.groups(), s.scores, depth, s.out[p]);
    }

    private static boolean changed(float[] rescale, int from) {
        for (int i = from; i < from + WIDTH; i++) if (rescale[i] != 1) return true;
        return false;
    }

    /// Hides the keys past each query: key j from query `j - ahead` on is seen.
    private static void mask(int ahead, int seen, float[] scores) {
        for (int j = Math.max(0, ahead + 1); j < seen; j++) {
            int hidden = Math.min(j - ahead, WIDTH);
            Arrays.fill(scores, j * WIDTH, j * WIDTH + hidden, Float.NEGATIVE_INFINITY);
        }
    }
}
