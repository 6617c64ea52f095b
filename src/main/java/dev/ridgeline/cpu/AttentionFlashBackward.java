package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionGradients.BLOCK;

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
    private final AttentionSlab slab;
    private final int keyHeads;
    private final int group;
    private final int keyBlocks;
    private final int queryBlocks;

    /// Tasks that share the keys of one key head.
    private final int shares;

    private final AttentionGradients[] scratch;

    /// Of each worker, or of each task where tasks share a head.
    private final Keys[] keys;

    /// Each task's part of dq of one query head, in blocks of slabs, where tasks share a head.
    private final float[][] parts;

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
        slab = AttentionSlab.of(op.headDim());
        keyHeads = op.batch() * op.keyHeads();
        group = op.heads() / op.keyHeads();
        keyBlocks = (op.keys() + BLOCK - 1) / BLOCK;
        queryBlocks = (op.queries() + BLOCK - 1) / BLOCK;
        int most = (TASKS + keyHeads - 1) / keyHeads;
        shares = Math.clamp(keyBlocks / BLOCKS_PER_TASK, 1, most);
        scratch = new AttentionGradients[workers.threads()];
        Arrays.setAll(scratch, w -> new AttentionGradients(slab, op.causal()));
        int tasks = keyHeads * shares;
        keys = new Keys[shares == 1 ? workers.threads() : tasks];
        Arrays.setAll(keys, s -> new Keys(slab, (keyBlocks + shares - 1) / shares));
        parts = new float[shares == 1 ? 0 : tasks][slab.floats(queryBlocks * BLOCK)];
    }

    @Override
    public void on(Stream stream) {
        if (shares == 1) {
            workers.run(
                    keyHeads,
                    (head, worker) -> {
                        readKeys(head, 0, keys[worker], scratch[worker]);
                        for (int g = 0; g < group; g++)
                            pass(head, 0, g, keys[worker], scratch[worker]);
                        writeKeys(head, 0, keys[worker]);
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
                        if (member == 0) readKeys(head, share, keys[task], scratch[worker]);
                        pass(head, share, member, keys[task], scratch[worker]);
                        if (member == group - 1) writeKeys(head, share, keys[task]);
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
    private void readKeys(int head, int share, Keys into, AttentionGradients s) {
        int b = head / op.keyHeads();
        int h = head % op.keyHeads();
        int rows = into.blocks * BLOCK;
        int floats = slab.transposedFloats();
        for (int i = 0, block = share; block < keyBlocks; i++, block += shares) {
            int from = block * BLOCK;
            int count = Math.min(BLOCK, op.keys() - from);
            slab.read(k, b, h, from, count, into.k, i * BLOCK, rows);
            slab.read(k, b, h, from, count, s.out, 0, BLOCK);
            slab.transpose(s.out, count, into.kColumns, i * floats, s.work);
            slab.read(v, b, h, from, count, s.out, 0, BLOCK);
            slab.transpose(s.out, count, into.vColumns, i * floats, s.work);
        }
        Arrays.fill(into.dk, 0);
        Arrays.fill(into.dv, 0);
    }

    private void writeKeys(int head, int share, Keys from) {
        int b = head / op.keyHeads();
        int h = head % op.keyHeads();
        int rows = from.blocks * BLOCK;
        for (int i = 0, block = share; block < keyBlocks; i++, block += shares) {
            int first = block * BLOCK;
            int count = Math.min(BLOCK, op.keys() - first);
            // undoes the log2(e) that q came with
            for (int row = i * BLOCK; row < i * BLOCK + count; row++)
                slab.scale(from.dk, row, rows, (float) AttentionSoftmax.LN_2);
            slab.write(from.dk, i * BLOCK, rows, dk, b, h, first, count);
            slab.write(from.dv, i * BLOCK, rows, dv, b, h, first, count);
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
            if (shares == 1) writeQueries(b, h, i0, queries, s.dq);
            else
                System.arraycopy(
                        s.dq, 0, parts[head * shares + share], slab.floats(i0), s.dq.length);
        }
    }

    private void readQueries(int b, int h, int i0, int queries, AttentionGradients s) {
        slab.read(q, b, h, i0, queries, s.q, 0, BLOCK);
        slab.read(out, b, h, i0, queries, s.out, 0, BLOCK);
        slab.read(dout, b, h, i0, queries, s.dout, 0, BLOCK);
        lse.read(lse.row(b, h, i0), queries, s.lse, 0);
        float factor = (float) (op.scale() / AttentionSoftmax.LN_2);
        for (int i = 0; i < queries; i++) {
            slab.scale(s.q, i, BLOCK, factor);
            s.lse[i] = (float) (s.lse[i] / AttentionSoftmax.LN_2);
        }
        s.begin(queries);
    }

    private void writeQueries(int b, int h, int i0, int queries, float[] sum) {
        for (int i = 0; i < queries; i++) slab.scale(sum, i, BLOCK, (float) op.scale());
        slab.write(sum, 0, BLOCK, dq, b, h, i0, queries);
    }

    /// Adds up the parts of dq of one query block, in the order of the shares.
    private void addParts(int head, int member, int block, AttentionGradients s) {
        int visible = op.causal() ? block + 1 : keyBlocks;
        int from = slab.floats(block * BLOCK);
        Arrays.fill(s.dq, 0);
        for (int share = 0; share < Math.min(shares, visible); share++)
            AttentionVectors.add(parts[head * shares + share], from, s.dq);
        int i0 = block * BLOCK;
        int queries = Math.min(BLOCK, op.queries() - i0);
        int h = head % op.keyHeads() * group + member;
        writeQueries(head / op.keyHeads(), h, i0, queries, s.dq);
    }
}
