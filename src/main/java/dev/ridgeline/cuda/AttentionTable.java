package dev.ridgeline.cuda;

import static dev.ridgeline.cuda.Grid.grid;

import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Attention, forward and backward: the ladders of `kernels/attention` and
/// `kernels/attention_backward`.
final class AttentionTable {
    /// Head dims that `mma` is compiled for; others are padded to the next.
    private static final int HALF = 64;

    private static final int WHOLE = 128;

    private AttentionTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.of(
                        Attention.class,
                        "portable",
                        "mma",
                        op ->
                                needsMma(op.headDim(), op.q(), op.k(), op.v(), op.out())
                                        .or(() -> needsPositive(op.scale())),
                        AttentionTable::mma),
                CudaKernel.of(
                        Attention.class,
                        "portable",
                        "plain",
                        op -> needsGrid(op.q()),
                        AttentionTable::plain),
                CudaKernel.of(
                        AttentionBackward.class,
                        "portable",
                        "mma",
                        op ->
                                needsMma(
                                        op.headDim(),
                                        op.q(),
                                        op.k(),
                                        op.v(),
                                        op.out(),
                                        op.dout(),
                                        op.dq(),
                                        op.dk(),
                                        op.dv()),
                        AttentionTable::mmaBackward),
                CudaKernel.of(
                        AttentionBackward.class,
                        "portable",
                        "plain",
                        op -> needsGrid(op.q()),
                        AttentionTable::plainBackward));
    }

    private static Optional<String> needsMma(int headDim, Tensor... tensors) {
        if (tensors[0].dtype() != DType.BF16) return Optional.of("needs bf16 operands");
        if (headDim > WHOLE) return Optional.of("needs a head dim of at most " + WHOLE);
        for (var t : tensors)
            if (!Alignment.rows(t)) return Optional.of("needs rows that start on 16 bytes");
        return Optional.empty();
    }

    private static Optional<String> needsPositive(double scale) {
        return scale > 0 ? Optional.empty() : Optional.of("needs a positive scale");
    }

    private static Optional<String> needsGrid(Tensor q) {
        return Math.max(q.dim(0), q.dim(1)) <= 65_535
                ? Optional.empty()
                : Optional.of("needs at most 65535 heads, and as many batch entries");
    }

    private static void mma(Attention op, LaunchPlan plan) {
        int dim = padded(op.headDim());
        var arguments = heads(op.q(), op.k(), op.v(), op.out());
        arguments.addAll(rows(op.lse()));
        arguments.addAll(
                List.of(
                        op.heads() / op.keyHeads(),
                        op.queries(),
                        op.keys(),
                        op.headDim(),
                        (float) (op.scale() / Math.log(2))));
        plan.launch(
                "%s_%d_bf16".formatted(op.causal() ? "causal" : "full", dim),
                grid(op.heads(), op.batch(), blocks(op.queries(), 128)),
                128,
                512 * dim,
                arguments.toArray());
    }

    private static void plain(Attention op, LaunchPlan plan) {
        var arguments = heads(op.q(), op.k(), op.v(), op.out());
        arguments.addAll(rows(op.lse()));
        arguments.addAll(
                List.of(
                        op.heads() / op.keyHeads(),
                        op.queries(),
                        op.keys(),
                        op.headDim(),
                        op.causal() ? 1 : 0,
                        (float) op.scale()));
        plan.launch(
                op.q().dtype().label(),
                grid(blocks(op.queries(), 4), op.heads(), op.batch()),
                128,
                16 * (2 * op.headDim() + 32),
                arguments.toArray());
    }

    private static void plainBackward(AttentionBackward op, LaunchPlan plan) {
        var dtype = op.q().dtype().label();
        int dim = op.headDim();
        var delta = plan.scratch((long) op.batch() * op.heads() * op.queries() * 4);
        var byQuery = grid(blocks(op.queries(), 4), op.heads(), op.batch());
        var sums = heads(op.out(), op.dout());
        sums.addAll(List.of(delta, op.queries(), dim));
        plan.launch("delta_" + dtype, byQuery, 128, 0, sums.toArray());

        var inputs = heads(op.q(), op.k(), op.v(), op.dout());
        inputs.addAll(rows(op.lse()));
        inputs.addAll(
                List.of(
                        delta,
                        op.heads() / op.keyHeads(),
                        op.queries(),
                        op.keys(),
                        dim,
                        op.causal() ? 1 : 0,
                        (float) op.scale()));
        plan.launch("dq_" + dtype, byQuery, 128, 16 * (3 * dim + 32), with(inputs, heads(op.dq())));
        plan.launch(
                "dkdv_" + dtype,
                grid(blocks(op.keys(), 4), op.keyHeads(), op.batch()),
                128,
                16 * (4 * dim + 64),
                with(inputs, heads(op.dk(), op.dv())));
    }

    private static void mmaBackward(AttentionBackward op, LaunchPlan plan) {
        int dim = padded(op.headDim());
        int group = op.heads() / op.keyHeads();
        var mask = op.causal() ? "causal" : "full";
        int padded = blocks(op.queries(), 64) * 64;
        int queryHeads = op.batch() * op.heads();
        var stats = plan.scratch(2L * queryHeads * padded * 4);

        var sums = heads(op.out(), op.dout());
        sums.addAll(rows(op.lse()));
        sums.addAll(List.of(stats, op.heads(), op.queries(), padded, op.headDim()));
        plan.launch("stats_bf16", grid(queryHeads, padded / 8), 256, 0, sums.toArray());

        var inputs = heads(op.q(), op.k(), op.v(), op.dout());
        inputs.addAll(
                List.of(
                        stats,
                        op.heads(),
                        group,
                        op.queries(),
                        padded,
                        op.keys(),
                        op.headDim(),
                        (float) op.scale()));
        plan.launch(
                "dkdv_%s_%d_bf16".formatted(mask, dim),
                grid(op.batch() * op.keyHeads(), blocks(op.keys(), 128)),
                256,
                768 * dim + 1024,
                with(inputs, heads(op.dk(), op.dv())));
        plan.launch(
                "dq_%s_%d_bf16".formatted(mask, dim),
                grid(queryHeads, blocks(op.queries(), 64)),
                128,
                384 * dim,
                with(inputs, heads(op.dq())));
    }

    /// Each tensor with its strides by batch, head and row.
    private static List<Object> heads(Tensor... tensors) {
        var all = new ArrayList<Object>();
        for (var t : tensors) all.addAll(List.of(t, t.stride(0), t.stride(1), t.stride(2)));
        return all;
    }

    /// One number a row: its strides by batch and head.
    private static List<Object> rows(Tensor lse) {
        return List.of(lse, lse.stride(0), lse.stride(1));
    }

    private static Object[] with(List<Object> first, List<Object> then) {
        var all = new ArrayList<>(first);
        all.addAll(then);
        return all.toArray();
    }

    private static int padded(int headDim) {
        return headDim <= HALF ? HALF : WHOLE;
    }

    private static int blocks(int extent, int tile) {
        return (extent - 1) / tile + 1;
    }
}
