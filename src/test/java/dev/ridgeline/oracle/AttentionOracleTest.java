package dev.ridgeline.oracle;

import static dev.ridgeline.tensor.DType.F32;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

class AttentionOracleTest {
    private static final int B = 2;
    private static final int D = 8;

    private static Tensor heads(Operands o, int heads, int rows) {
        return o.uniform(F32, -2.0, 2.0, B, heads, rows, D);
    }

    private static Attention forward(
            Operands o, Tensor q, Tensor k, Tensor v, boolean causal, double scale) {
        var out = o.output(F32, B, q.dim(1), q.dim(2), D);
        var lse = o.output(F32, B, q.dim(1), q.dim(2));
        return new Attention(q, k, v, out, lse, causal, scale);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1, true, 0.5",
        "2, 2, 5, 5, true, 0.35355339059327373",
        "2, 2, 5, 7, false, 0.35355339059327373",
        "6, 2, 9, 9, true, 1.25",
        "4, 1, 3, 11, false, 0.1",
    })
    void forward(int heads, int keyHeads, int queries, int keys, boolean causal, double scale) {
        Oracle.agree(
                Attention.class,
                o ->
                        forward(
                                o,
                                heads(o, heads, queries),
                                heads(o, keyHeads, keys),
                                heads(o, keyHeads, keys),
                                causal,
                                scale),
                """
                q, k, v = inputs
                group = %d
                causal = %s
                kk = torch.repeat_interleave(k, group, 1)
                vv = torch.repeat_interleave(v, group, 1)
                out = torch.scaled_dot_product_attention(q, kk, vv, None, 0., causal, scale=%s)
                scores = torch.matmul(q, torch.transpose(kk, 2, 3)) * %s
                if causal:
                  hidden = torch.gt(torch.triu(torch.ones_like(scores), 1), 0)
                  scores = torch.masked_fill(scores, hidden, -1.e300)
                return [out, torch.logsumexp(scores, [-1])]
                """
                        .formatted(heads / keyHeads, causal ? "True" : "False", scale, scale),
                op -> List.of(op.q(), op.k(), op.v()),
                Oracle.DOUBLE);
    }

    /// The views a fused projection gives: (B, T, 3, H, D), heads and rows strided.
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void views_of_one_projection(boolean causal) {
        int heads = 2;
        int rows = 5;
        Oracle.agree(
                Attention.class,
                o -> {
                    var qkv = o.uniform(F32, B, rows, 3 * heads, D).swap(1, 2);
                    return forward(
                            o,
                            qkv.slice(1, 0, heads),
                            qkv.slice(1, heads, 2 * heads),
                            qkv.slice(1, 2 * heads, 3 * heads),
                            causal,
                            0.5);
                },
                """
                q, k, v = inputs
                scores = torch.matmul(q, torch.transpose(k, 2, 3)) * 0.5
                out = torch.scaled_dot_product_attention(q, k, v, None, 0., %s, scale=0.5)
                if %s:
                  hidden = torch.gt(torch.triu(torch.ones_like(scores), 1), 0)
                  scores = torch.masked_fill(scores, hidden, -1.e300)
                return [out, torch.logsumexp(scores, [-1])]
                """
                        .formatted(causal ? "True" : "False", causal ? "True" : "False"),
                op -> List.of(op.q(), op.k(), op.v()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1, true, 0.5",
        "2, 2, 5, 5, true, 0.35355339059327373",
        "2, 2, 5, 7, false, 0.35355339059327373",
        "6, 2, 9, 9, true, 1.25",
        "4, 1, 3, 11, false, 0.1",
    })
    void backward(int heads, int keyHeads, int queries, int keys, boolean causal, double scale) {
        Oracle.agree(
                AttentionBackward.class,
                o -> {
                    var q = heads(o, heads, queries);
                    var k = heads(o, keyHeads, keys);
                    var v = heads(o, keyHeads, keys);
                    var kept = Oracle.computed(forward(o, q, k, v, causal, scale));
                    return new AttentionBackward(
                            q,
                            k,
                            v,
                            kept.out(),
                            kept.lse(),
                            heads(o, heads, queries),
                            o.output(F32, B, heads, queries, D),
                            o.output(F32, B, keyHeads, keys, D),
                            o.output(F32, B, keyHeads, keys, D),
                            causal,
                            scale);
                },
                """
                q, k, v, dout = inputs
                self.track([q, k, v])
                kk = torch.repeat_interleave(k, %d, 1)
                vv = torch.repeat_interleave(v, %d, 1)
                out = torch.scaled_dot_product_attention(q, kk, vv, None, 0., %s, scale=%s)
                return self.gradients(out, dout, [q, k, v])
                """
                        .formatted(
                                heads / keyHeads,
                                heads / keyHeads,
                                causal ? "True" : "False",
                                scale),
                op -> List.of(op.q(), op.k(), op.v(), op.dout()),
                8 * Oracle.SAVED_AS_F32);
    }
}
