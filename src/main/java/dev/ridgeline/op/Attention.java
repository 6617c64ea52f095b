package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Scaled dot-product attention, `out = softmax(scale · q · kᵀ + mask) · v` per head, with the
/// log-sum-exp of each row kept for the backward pass.
///
/// | operand   | shape              | dtype    |
/// |-----------|--------------------|----------|
/// | `q`,`out` | (B, H, T, D)       | f32/bf16 |
/// | `k`, `v`  | (B, H / g, S, D)   | as `q`   |
/// | `lse`     | (B, H, T)          | f32      |
///
/// Query head h attends with key head h / g (grouped-query attention, arXiv 2305.13245). Causal
/// masks keys after the query and needs T = S. D is a multiple of 8. Heads and rows may be strided,
/// so that q, k and v can be views of one projection's output.
///
/// @param scale usually 1 / sqrt(D)
public record Attention(
        Tensor q, Tensor k, Tensor v, Tensor out, Tensor lse, boolean causal, double scale)
        implements Op {
    public Attention {
        requireInputs("attention", q, k, v, causal);
        Require.sameShape("attention", "out", out, q);
        Require.dtype("attention", "out", out, q.dtype());
        Require.shape("attention", "lse", lse, q.dim(0), q.dim(1), q.dim(2));
        Require.dtype("attention", "lse", lse, DType.F32);
    }

    static void requireInputs(String op, Tensor q, Tensor k, Tensor v, boolean causal) {
        Require.rank(op, "q", q, 4);
        Require.rank(op, "k", k, 4);
        Require.real(op, "q", q);
        Require.dtype(op, "k", k, q.dtype());
        Require.dtype(op, "v", v, q.dtype());
        Require.sameShape(op, "v", v, k);
        Require.that(
                k.dim(0) == q.dim(0) && k.dim(3) == q.dim(3) && q.dim(1) % k.dim(1) == 0,
                "%s: k %s does not fit q %s (same batch and head dim, key heads divide query"
                        + " heads)",
                op,
                k.shape(),
                q.shape());
        Require.that(q.dim(3) % 8 == 0, "%s: head dim %d is not a multiple of 8", op, q.dim(3));
        Require.that(
                !causal || q.dim(2) == k.dim(2),
                "%s: causal needs as many queries (%d) as keys (%d)",
                op,
                q.dim(2),
                k.dim(2));
    }

    /// Forward flops: two products of 2·T·S·D per head, halved when causal.
    static double flops(Tensor q, Tensor k, boolean causal) {
        return (causal ? 2.0 : 4.0) * q.dim(0) * q.dim(1) * q.dim(2) * k.dim(2) * q.dim(3);
    }

    public int batch() {
        return q.dim(0);
    }

    public int heads() {
        return q.dim(1);
    }

    public int keyHeads() {
        return k.dim(1);
    }

    public int queries() {
        return q.dim(2);
    }

    public int keys() {
        return k.dim(2);
    }

    public int headDim() {
        return q.dim(3);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(q, k, v);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(out, lse);
    }

    @Override
    public Cost cost() {
        return new Cost(
                flops(q, k, causal),
                q.bytes() + k.bytes() + v.bytes() + out.bytes() + lse.bytes(),
                causal ? "4BHT²D/2" : "4BHTSD");
    }

    /// Scores are sums over D; the output is a convex combination of rows of v. A kernel may round
    /// the probabilities to the operands' dtype for their product with v, as tensor cores need it:
    /// each term is then off by its share of one roundoff, and the terms of uniform inputs add up
    /// to at most 1.
    @Override
    public Tolerance tolerance(int output) {
        var scores = Tolerance.sum(headDim(), Math.abs(scale), DType.F32);
        double absolute = 2 * scores.absolute() + 0x1p-20;
        return output == 1
                ? new Tolerance(absolute, 0x1p-20)
                : new Tolerance(absolute + q.dtype().roundoff(), q.dtype().roundoff() + 0x1p-20);
    }

    /// One key head of one batch entry with the query heads that share it, when the whole is more
    /// than 2^28 multiply-adds.
    @Override
    public Optional<Attention> sample(long seed) {
        if (cost().flops() <= 0x1p29 || batch() * keyHeads() == 1) return Optional.empty();
        int b = (int) Math.floorMod(seed, (long) batch());
        int kh = (int) Math.floorMod(seed / batch(), (long) keyHeads());
        int group = heads() / keyHeads();
        return Optional.of(
                new Attention(
                        head(q, b, kh * group, group),
                        head(k, b, kh, 1),
                        head(v, b, kh, 1),
                        head(out, b, kh * group, group),
                        head(lse, b, kh * group, group),
                        causal,
                        scale));
    }

    static Tensor head(Tensor t, int b, int first, int count) {
        return t.slice(0, b, b + 1).slice(1, first, first + count);
    }
}
