package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionPanels.BLOCK;
import static dev.ridgeline.cpu.AttentionPanels.PANELS;
import static dev.ridgeline.cpu.GemmTile.HEIGHT;
import static dev.ridgeline.cpu.GemmTile.WIDTH;

import dev.ridgeline.cpu.AttentionGradients.Keys;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.AttentionBackward;

import java.util.Arrays;

/// The gradients of attention in blocks, with the probabilities computed again from the kept
/// log-sum-exp (FlashAttention-2, arXiv 2307.08691, algorithm 2), in one pass of five products.
///
/// A task is one key head with all queries of its group, so that dk and dv are summed in a fixed
/// order by one thread. Where there are too few of those for many threads, the key blocks of a head
/// are dealt out to several tasks: dk and dv still have one owner each, and the parts of dq that
/// the tasks give are added up afterwards, in the order of the tasks, one query head of the group
/// at a time. Scratch is linear in the numbers of keys and queries.
final class AttentionFlashBackward implements Launch {
    /// Tasks that many threads balance.
    private static final int TASKS = 16;

    /// Key blocks that make it worth to be a task of its own, which prepares all queries for
    /// itself.
    private static final int BLOCKS_PER_TASK = 4;

    private final AttentionBackward op;
    private final Workers workers;
    private final AttentionView q;
    private final AttentionView k;
    private final AttentionView v;
    private final AttentionView out;
    private final AttentionView lse;
    private final AttentionView dout;
    private final AttentionView dq;
    private final AttentionView dk;
    private final AttentionView dv;
    private final int keyHeads;
    private final int group;
    private final int keyBlocks;
    private final int queryBlocks;

    /// Tasks that share the keys of one key head.
    private final int shares;

    private final AttentionGradients[] scratch;

    /// Of each worker, or of each task where tasks share a head.
    private final Keys[] keys;

    /// Each task's part of dq of one query head, in panels, where tasks share a head.
    private final float[][][] parts;

    AttentionFlashBackward(AttentionBackward op, Workers workers) {
        this.op = op;
        this.workers = workers;
        q = AttentionView.of(op.q());
        k = AttentionView.of(op.k());
        v = AttentionView.of(op.v());
        out = AttentionView.of(op.out());
        lse = AttentionView.of(op.lse());
        dout = AttentionView.of(op.dout());
        dq = AttentionView.of(op.dq());
        dk = AttentionView.of(op.dk());
        dv = AttentionView.of(op.dv());
        keyHeads = op.batch() * op.keyHeads();
        group = op.heads() / op.keyHeads();
        keyBlocks = Math.ceilDiv(op.keys(), BLOCK);
        queryBlocks = Math.ceilDiv(op.queries(), BLOCK);
        int most = Math.ceilDiv(TASKS, keyHeads);
        shares = Math.clamp(keyBlocks / BLOCKS_PER_TASK, 1, most);
        scratch = new AttentionGradients[workers.threads()];
        Arrays.setAll(scratch, w -> new AttentionGradients(op.headDim(), op.causal()));
        var panels = scratch[0].panels;
        int tasks = keyHeads * shares;
        keys = new Keys[shares == 1 ? workers.threads() : tasks];
        Arrays.setAll(keys, s -> new Keys(panels, Math.ceilDiv(keyBlocks, shares)));
        parts = new float[shares == 1 ? 0 : tasks][][];
        Arrays.setAll(parts, t -> panels.results(queryBlocks * BLOCK));
    }

    @Override
    public void on(Stream stream) {
        if (shares == 1) {
            workers.run(
                    keyHeads,
                    (head, worker) -> {
                        readKeys(head, 0, keys[worker], scratch[worker].panels);
                        for (int g = 0; g < group; g++)
                            pass(head, 0, g, keys[worker], scratch[worker]);
                        writeKeys(head, 0, keys[worker], scratch[worker]);
                    });
            return;
        }
        for (int g = 0; g < group; g++) {
            int member = g;
            workers.run(
                    keyHeads * shares,
                    (task, worker) -> {
                        int head = task / shares;
                        int share = task % shares;
                        if (member == 0) readKeys(head, share, keys[task], scratch[worker].panels);
                        pass(head, share, member, keys[task], scratch[worker]);
                        if (member == group - 1)
                            writeKeys(head, share, keys[task], scratch[worker]);
                    });
            workers.run(
                    keyHeads * queryBlocks,
                    (task, worker) ->
                            addParts(
                                    task / queryBlocks,
                                    member,
                                    task % queryBlocks,
                                    scratch[worker]));
        }
    }

    /// Every `shares`-th key block of a head: under a causal mask neighbours cost about the same.
    private void readKeys(int head, int share, Keys into, AttentionPanels panels) {
        int b = head / op.keyHeads();
        int h = head % op.keyHeads();
        var kRows = k.byRow(b, h, op.keys());
        var vRows = v.byRow(b, h, op.keys());
        var kDims = k.byDim(b, h, op.headDim());
        for (int i = 0, block = share; block < keyBlocks; i++, block += shares) {
            int from = block * BLOCK;
            int count = Math.min(BLOCK, op.keys() - from);
            panels.packLeftByRows(kRows, from, count, into.k, i * BLOCK / HEIGHT);
            panels.packLeftByRows(vRows, from, count, into.v, i * BLOCK / HEIGHT);
            panels.packLeftByDims(kDims, from, count, into.kDims, i * panels.groups());
        }
        for (var panel : into.dk) Arrays.fill(panel, 0);
        for (var panel : into.dv) Arrays.fill(panel, 0);
    }

    private void writeKeys(int head, int share, Keys from, AttentionGradients s) {
        int b = head / op.keyHeads();
        int h = head % op.keyHeads();
        for (int i = 0, block = share; block < keyBlocks; i++, block += shares) {
            int end = Math.min(op.keys(), (block + 1) * BLOCK);
            for (int p = 0; block * BLOCK + p * WIDTH < end; p++) {
                int first = block * BLOCK + p * WIDTH;
                int count = Math.min(WIDTH, end - first);
                var panel = i * PANELS + p;
                float scale = (float) op.scale();
                s.panels.write(from.dk[panel], scale, dk, dk.row(b, h, first), count, s.rows);
                s.panels.write(from.dv[panel], 1, dv, dv.row(b, h, first), count, s.rows);
            }
        }
    }

    /// All queries of one head against the keys of one share.
    private void pass(int head, int share, int member, Keys kv, AttentionGradients s) {
        int b = head / op.keyHeads();
        int h = head % op.keyHeads() * group + member;
        for (int block = 0; block < queryBlocks; block++) {
            int i0 = block * BLOCK;
            int queries = Math.min(BLOCK, op.queries() - i0);
            int visible = op.causal() ? block + 1 : keyBlocks;
            if (share >= visible) continue;
            readQueries(b, h, i0, queries, s);
            for (int i = 0, j = share; j < visible; i++, j += shares) {
                int count = Math.min(BLOCK, op.keys() - j * BLOCK);
                s.step(kv, i, count, queries, i0 - j * BLOCK);
            }
            if (shares == 1) {
                writeQueries(b, h, i0, queries, s);
            } else {
                var part = parts[head * shares + share];
                for (int p = 0; p < PANELS; p++)
                    System.arraycopy(s.dq[p], 0, part[block * PANELS + p], 0, s.dq[p].length);
            }
        }
    }

    private void readQueries(int b, int h, int i0, int queries, AttentionGradients s) {
        var panels = s.panels;
        panels.packRight(q.byRow(b, h, op.queries()), i0, queries, s.q);
        panels.packRight(out.byRow(b, h, op.queries()), i0, queries, s.out);
        panels.packRight(dout.byRow(b, h, op.queries()), i0, queries, s.dout);
        int last = i0 + queries - 1;
        panels.packLeftByDims(q.byDimBackwards(b, h, op.headDim(), last), 0, queries, s.qDims, 0);
        panels.packLeftByDims(
                dout.byDimBackwards(b, h, op.headDim(), last), 0, queries, s.doutDims, 0);
        lse.read(lse.row(b, h, i0), queries, s.lse, 0);
        float factor = (float) (op.scale() / AttentionSoftmax.LN_2);
        for (var panel : s.q) AttentionVectors.scale(panel, 0, panel.length, factor);
        for (int i = 0; i < queries; i++) s.lse[i] = (float) (s.lse[i] / AttentionSoftmax.LN_2);
        s.begin();
    }

    private void writeQueries(int b, int h, int i0, int queries, AttentionGradients s) {
        for (int p = 0; p * WIDTH < queries; p++) {
            int first = i0 + p * WIDTH;
            int count = Math.min(WIDTH, queries - p * WIDTH);
            s.panels.write(s.dq[p], (float) op.scale(), dq, dq.row(b, h, first), count, s.rows);
        }
    }

    /// Adds up the parts of dq of one query block, in the order of the shares.
    private void addParts(int head, int member, int block, AttentionGradients s) {
        int visible = op.causal() ? block + 1 : keyBlocks;
        for (int p = 0; p < PANELS; p++) {
            Arrays.fill(s.dq[p], 0);
            for (int share = 0; share < Math.min(shares, visible); share++)
                AttentionVectors.add(parts[head * shares + share][block * PANELS + p], s.dq[p]);
        }
        int i0 = block * BLOCK;
        int queries = Math.min(BLOCK, op.queries() - i0);
        int h = head % op.keyHeads() * group + member;
        writeQueries(head / op.keyHeads(), h, i0, queries, s);
    }
}
