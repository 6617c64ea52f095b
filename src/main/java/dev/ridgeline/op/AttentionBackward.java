package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Gradients of [Attention]. The probabilities are recomputed from q, k and the kept log-sum-exp,
/// so that memory grows with T and not T² (FlashAttention-2, arXiv 2307.08691, algorithm 2).
///
/// | operand             | shape            | dtype    |
/// |---------------------|------------------|----------|
/// | `q`,`out`,`dout`,`dq` | (B, H, T, D)   | f32/bf16 |
/// | `k`,`v`,`dk`,`dv`   | (B, H / g, S, D) | as `q`   |
/// | `lse`               | (B, H, T)        | f32      |
///
/// dq, dk and dv are overwritten.
public record AttentionBackward(
        Tensor q,
        Tensor k,
        Tensor v,
        Tensor out,
        Tensor lse,
        Tensor dout,
        Tensor dq,
        Tensor dk,
        Tensor dv,
        boolean causal,
        double scale)
        implements Op {
    public AttentionBackward {
        Attention.requireInputs("attention_backward", q, k, v, causal);
        for (var t : List.of(out, dout, dq)) {
            Require.sameShape("attention_backward", "out, dout, dq", t, q);
            Require.dtype("attention_backward", "out, dout, dq", t, q.dtype());
        }
        for (var t : List.of(dk, dv)) {
            Require.sameShape("attention_backward", "dk, dv", t, k);
            Require.dtype("attention_backward", "dk, dv", t, q.dtype());
        }
        Require.shape("attention_backward", "lse", lse, q.dim(0), q.dim(1), q.dim(2));
        Require.dtype("attention_backward", "lse", lse, DType.F32);
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
        return List.of(q, k, v, out, lse, dout);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(dq, dk, dv);
    }

    @Override
    public Cost cost() {
        return new Cost(
                2.5 * Attention.flops(q, k, causal),
                4.0 * q.bytes() + 4.0 * k.bytes() + lse.bytes(),
                causal ? "10BHT²D/2" : "10BHTSD");
    }

    /// dk and dv are sums over the queries of a group; dq over the keys, weighted by probabilities.
    ///
    /// A kernel may round probabilities p and their gradients ds to the operands' dtype for the
    /// products with them, as tensor cores need it. For uniform inputs the terms of dv have a
    /// standard deviation of p / sqrt(3), those of dq and dk of scale · sqrt(D) / 3 · p / sqrt(3),
    /// and each is off by 0.4 roundoffs of itself. 7 standard deviations of the sum of these errors
    /// are 1.6 and 0.54 roundoffs times the root of Σ p². Over keys that is at most 1; over the
    /// queries of one head Σ 1 / i², below 2, when causal, and T / S² for even scores, doubled here
    /// for uneven ones.
    @Override
    public Tolerance tolerance(int output) {
        int group = heads() / keyHeads();
        int terms = output == 0 ? headDim() : headDim() + queries() * group;
        var summed = Tolerance.sum(terms, 4, q.dtype());
        double squares = 2 * group * (1 + queries() / Math.pow(keys(), 2));
        double rounded =
                switch (output) {
                    case 0 -> 0.54 * Math.abs(scale) * Math.sqrt(headDim());
                    case 1 -> 0.54 * Math.abs(scale) * Math.sqrt(headDim() * squares);
                    default -> 1.6 * Math.sqrt(squares);
                };
        return new Tolerance(summed.absolute() + rounded * q.dtype().roundoff(), summed.relative());
    }

    /// One key head of one batch entry with the query heads that share it, when the whole is more
    /// than 2^28 multiply-adds.
    @Override
    public Optional<AttentionBackward> sample(long seed) {
        if (cost().flops() <= 0x1p29 || batch() * keyHeads() == 1) return Optional.empty();
        int b = (int) Math.floorMod(seed, (long) batch());
        int kh = (int) Math.floorMod(seed / batch(), (long) keyHeads());
        int group = heads() / keyHeads();
        return Optional.of(
                new AttentionBackward(
                        Attention.head(q, b, kh * group, group),
                        Attention.head(k, b, kh, 1),
                        Attention.head(v, b, kh, 1),
                        Attention.head(out, b, kh * group, group),
                        Attention.head(lse, b, kh * group, group),
                        Attention.head(dout, b, kh * group, group),
                        Attention.head(dq, b, kh * group, group),
                        Attention.head(dk, b, kh, 1),
                        Attention.head(dv, b, kh, 1),
                        causal,
                        scale));
    }
}
