package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Attention problems, forward and backward.
public final class AttentionWorkloads {
    private static final long SEED = 4;

    private AttentionWorkloads() {}

    /// Self-attention of `seq` positions.
    public static Workload<Attention> forward(
            int batch,
            int heads,
            int keyHeads,
            int seq,
            int headDim,
            boolean causal,
            DType dtype,
            long seed) {
        return new Problem(batch, heads, keyHeads, seq, seq, headDim, causal, dtype).forward(seed);
    }

    /// The gradients of [#forward].
    ///
    /// Where the reference can afford the forward, `out` and `lse` are its results. Beyond that
    /// they only resemble them, which the backward cannot tell, because it takes both as given:
    /// `out` is uniform as v is, and `lse` of n visible keys is `log(n) + 1/18`, what the scores
    /// come to on average when they are sums of products of uniform inputs (variance 1/9). So the
    /// rows of probabilities add up to about 1 and the gradients are as large as real ones.
    public static Workload<AttentionBackward> backward(
            int batch,
            int heads,
            int keyHeads,
            int seq,
            int headDim,
            boolean causal,
            DType dtype,
            long seed) {
        return new Problem(batch, heads, keyHeads, seq, seq, headDim, causal, dtype).backward(seed);
    }

    static List<Workload<?>> probes() {
        var problems = new ArrayList<Problem>();
        for (int seq : List.of(1, 2, 6, 7, 13, 16, 17, 47, 48, 49, 95, 96, 97, 193)) {
            problems.add(new Problem(1, 2, 2, seq, seq, 64, true, DType.F32));
            problems.add(new Problem(1, 1, 1, seq, seq, 64, false, DType.F32));
        }
        for (int headDim : List.of(8, 40, 72, 96, 104, 128, 200)) {
            problems.add(new Problem(1, 2, 2, 37, 37, headDim, true, DType.F32));
            problems.add(new Problem(1, 1, 1, 53, 53, headDim, false, DType.BF16));
        }
        for (var dtype : List.of(DType.F32, DType.BF16)) {
            for (int keyHeads : List.of(1, 2)) {
                problems.add(new Problem(2, 6, keyHeads, 101, 101, 64, true, dtype));
                problems.add(new Problem(1, 6, keyHeads, 61, 61, 40, false, dtype));
            }
            problems.add(new Problem(6, 6, 3, 103, 103, 16, true, dtype));
            problems.add(new Problem(1, 1, 1, 5, 97, 64, false, dtype));
            problems.add(new Problem(1, 2, 1, 97, 5, 64, false, dtype));
            problems.add(new Problem(2, 2, 2, 1, 211, 64, false, dtype));
            problems.add(new Problem(1, 1, 1, 401, 401, 64, true, dtype));
            problems.add(new Problem(2, 4, 4, 107, 107, 64, true, dtype).packed());
            problems.add(new Problem(2, 6, 2, 59, 59, 72, false, dtype).packed());
        }
        var workloads = new ArrayList<Workload<?>>();
        for (var problem : problems) {
            workloads.add(problem.forward(SEED));
            workloads.add(problem.backward(SEED));
        }
        workloads.add(new Problem(1, 2, 2, 113, 113, 64, true, DType.F32).sharp().forward(SEED));
        workloads.add(new Problem(1, 2, 2, 53, 229, 64, false, DType.F32).sharp().forward(SEED));
        return List.copyOf(workloads);
    }

    /// @param layout `packed`: q, k and v are views of one (B, T, H + 2 Hkv, D) tensor, as one
    ///   projection writes them, and so are their gradients; the output is (B, T, H, D). Else all
    ///   are dense
    /// @param scale of the scores
    private record Problem(
            int batch,
            int heads,
            int keyHeads,
            int queries,
            int keys,
            int headDim,
            boolean causal,
            DType dtype,
            String layout,
            double scale) {
        Problem(
                int batch,
                int heads,
                int keyHeads,
                int queries,
                int keys,
                int headDim,
                boolean causal,
                DType dtype) {
            this(
                    batch,
                    heads,
                    keyHeads,
                    queries,
                    keys,
                    headDim,
                    causal,
                    dtype,
                    "",
                    1 / Math.sqrt(headDim));
        }

        Problem packed() {
            return new Problem(
                    batch, heads, keyHeads, queries, keys, headDim, causal, dtype, "packed", scale);
        }

        /// Scores so far apart (a standard deviation of 43) that most probabilities are zero.
        Problem sharp() {
            return new Problem(
                    batch, heads, keyHeads, queries, keys, headDim, causal, dtype, "sharp", 16);
        }

        Workload<Attention> forward(long seed) {
            return new Workload<>(Attention.class, variant(), extents(), dtype, seed, this::op);
        }

        Workload<AttentionBackward> backward(long seed) {
            return new Workload<>(
                    AttentionBackward.class, variant(), extents(), dtype, seed, this::backwardOp);
        }

        private String variant() {
            return (causal ? "causal" : "full") + (layout.isEmpty() ? "" : " " + layout);
        }

        private Map<String, Integer> extents() {
            var extents = new LinkedHashMap<String, Integer>();
            extents.put("batch", batch);
            extents.put("heads", heads);
            extents.put("kv_heads", keyHeads);
            extents.put("seq", queries);
            if (keys != queries) extents.put("keys", keys);
            extents.put("head_dim", headDim);
            return extents;
        }

        private Attention op(Operands operands) {
            var in = new Projections(this, dims -> operands.uniform(dtype, dims));
            return new Attention(
                    in.q,
                    in.k,
                    in.v,
                    heads(dims -> operands.output(dtype, dims), heads, queries),
                    operands.output(DType.F32, batch, heads, queries),
                    causal,
                    scale);
        }

        private AttentionBackward backwardOp(Operands operands) {
            var in = new Projections(this, dims -> operands.uniform(dtype, dims));
            var results = results(operands, in);
            var dout = heads(dims -> operands.uniform(dtype, dims), heads, queries);
            var gradients = new Projections(this, dims -> operands.output(dtype, dims));
            return new AttentionBackward(
                    in.q,
                    in.k,
                    in.v,
                    results.getFirst(),
                    results.getLast(),
                    dout,
                    gradients.q,
                    gradients.k,
                    gradients.v,
                    causal,
                    scale);
        }

        /// `out` and `lse`.
        private List<Tensor> results(Operands operands, Projections in) {
            boolean affordable = 4.0 * in.q.count() * keys <= 0x1p27;
            if (affordable) return operands.resultsOf(this::op);
            return List.of(
                    heads(dims -> operands.uniform(dtype, dims), heads, queries),
                    operands.computed(
                            DType.F32,
                            i -> Math.log(causal ? i % queries + 1 : keys) + 1 / 18.0,
                            batch,
                            heads,
                            queries));
        }

        /// A (B, heads, seq, D) tensor as `make` makes it, seen through this problem's layout.
        private Tensor heads(Maker make, int heads, int seq) {
            return layout.equals("packed")
                    ? make.of(batch, seq, heads, headDim).swap(1, 2)
                    : make.of(batch, heads, seq, headDim);
        }
    }

    @FunctionalInterface
    private interface Maker {
        Tensor of(int... dims);
    }

    /// What is shaped as q, k and v.
    private static final class Projections {
        final Tensor q;
        final Tensor k;
        final Tensor v;

        Projections(Problem of, Maker make) {
            if (of.layout.equals("packed")) {
                int keyEnd = of.heads + of.keyHeads;
                var all = of.heads(make, keyEnd + of.keyHeads, of.queries);
                q = all.slice(1, 0, of.heads);
                k = all.slice(1, of.heads, keyEnd);
                v = all.slice(1, keyEnd, keyEnd + of.keyHeads);
            } else {
                q = of.heads(make, of.heads, of.queries);
                k = of.heads(make, of.keyHeads, of.keys);
                v = of.heads(make, of.keyHeads, of.keys);
            }
        }
    }
}
