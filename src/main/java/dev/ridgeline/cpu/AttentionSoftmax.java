package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.GemmTile.WIDTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The elementwise steps of tiled attention on panels of scores: a row per key, a column per query.
///
/// Scores are in units of ln 2, that is, they come with a factor of log2(e). A power of two needs
/// half the work of [VectorMath#exp]: the nearest integer goes to the exponent, and what is left,
/// in [-1/2, 1/2], through a minimax polynomial of degree 6 (relative error 3e-9 before rounding).
///
/// The methods with a power in them call nothing but the Vector API, whose methods the JIT has to
/// inline: in a method that has grown large it stops inlining others, and vectors passed to them
/// become objects.
final class AttentionSoftmax {
    static final double LN_2 = Math.log(2);

    // adding 1.5·2^23 leaves the nearest integer in the low mantissa bits
    private static final float ROUND = 0x1.8p23f;
    private static final float LOWEST = -126;
    private static final int ONE = Float.floatToRawIntBits(1);
    private static final float C1 = 0x1.62e432p-1f;
    private static final float C2 = 0x1.ebfbe2p-3f;
    private static final float C3 = 0x1.c6ae72p-5f;
    private static final float C4 = 0x1.3b270ep-7f;
    private static final float C5 = 0x1.5f7276p-10f;
    private static final float C6 = 0x1.470b4ap-13f;

    private AttentionSoftmax() {}

    /// Online softmax of a block of keys for a panel of queries (FlashAttention-2, arXiv
    /// 2307.08691, algorithm 1): replaces each score s by `2^(s - max)` with the new running
    /// maximum, and brings the running sum up to date.
    ///
    /// The maximum is rounded up to an integer, which serves as well: earlier results are rescaled
    /// by a power of two, exactly, and most often by 1.
    ///
    /// @param scores (keys, WIDTH)
    /// @param query of the first column, in the three that follow
    /// @param max running maximum per query, -inf at first
    /// @param sum running sum per query, 0 at first
    /// @param rescale gets `2^(old max - new max)`, with which earlier results are to be scaled
    static void online(
            float[] scores, int keys, int query, float[] max, float[] sum, float[] rescale) {
        maximum(scores, keys, query, max, rescale);
        exponentials(scores, keys, query, max, sum, rescale);
    }

    private static void maximum(float[] scores, int keys, int query, float[] max, float[] rescale) {
        int other = query + Lanes.COUNT;
        var old0 = FloatVector.fromArray(Lanes.F32, max, query);
        var old1 = FloatVector.fromArray(Lanes.F32, max, other);
        var top0 = old0;
        var top1 = old1;
        int end = keys * WIDTH;
        for (int at = 0; at < end; at += WIDTH) {
            var s0 = FloatVector.fromArray(Lanes.F32, scores, at);
            var s1 = FloatVector.fromArray(Lanes.F32, scores, at + Lanes.COUNT);
            // two instructions, where max, which has to order zeros and NaNs, is five before AVX10
            top0 = top0.blend(s0, s0.compare(VectorOperators.GT, top0));
            top1 = top1.blend(s1, s1.compare(VectorOperators.GT, top1));
        }
        // where it is not above the old one, it is the old one, already an integer
        var up0 = top0.add(0.5f).add(ROUND).sub(ROUND);
        var up1 = top1.add(0.5f).add(ROUND).sub(ROUND);
        top0 = top0.blend(up0, top0.compare(VectorOperators.GT, old0));
        top1 = top1.blend(up1, top1.compare(VectorOperators.GT, old1));
        top0.intoArray(max, query);
        top1.intoArray(max, other);
        var x0 = old0.sub(top0);
        var x1 = old1.sub(top1);
        var n0 = x0.add(ROUND).reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        var n1 = x1.add(ROUND).reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        var power0 = n0.add(ONE).reinterpretAsFloats();
        var power1 = n1.add(ONE).reinterpretAsFloats();
        power0.blend(0, x0.compare(VectorOperators.LT, LOWEST)).intoArray(rescale, query);
        power1.blend(0, x1.compare(VectorOperators.LT, LOWEST)).intoArray(rescale, other);
    }

    private static void exponentials(
            float[] scores, int keys, int query, float[] max, float[] sum, float[] rescale) {
        var round = FloatVector.broadcast(Lanes.F32, ROUND);
        var lowest = FloatVector.broadcast(Lanes.F32, LOWEST);
        var zero = FloatVector.zero(Lanes.F32);
        var one = FloatVector.broadcast(Lanes.F32, 1);
        var c1 = FloatVector.broadcast(Lanes.F32, C1);
        var c2 = FloatVector.broadcast(Lanes.F32, C2);
        var c3 = FloatVector.broadcast(Lanes.F32, C3);
        var c4 = FloatVector.broadcast(Lanes.F32, C4);
        var c5 = FloatVector.broadcast(Lanes.F32, C5);
        var c6 = FloatVector.broadcast(Lanes.F32, C6);
        int other = query + Lanes.COUNT;
        var top0 = FloatVector.fromArray(Lanes.F32, max, query);
        var top1 = FloatVector.fromArray(Lanes.F32, max, other);
        var sum0 =
                FloatVector.fromArray(Lanes.F32, sum, query)
                        .mul(FloatVector.fromArray(Lanes.F32, rescale, query));
        var sum1 =
                FloatVector.fromArray(Lanes.F32, sum, other)
                        .mul(FloatVector.fromArray(Lanes.F32, rescale, other));
        int end = keys * WIDTH;
        for (int at = 0; at < end; at += WIDTH) {
            var x0 = FloatVector.fromArray(Lanes.F32, scores, at).sub(top0);
            var x1 = FloatVector.fromArray(Lanes.F32, scores, at + Lanes.COUNT).sub(top1);
            var n0 = x0.add(round);
            var n1 = x1.add(round);
            var r0 = x0.sub(n0.sub(round));
            var r1 = x1.sub(n1.sub(round));
            var p0 = r0.fma(c6, c5).fma(r0, c4).fma(r0, c3).fma(r0, c2).fma(r0, c1).fma(r0, one);
            var p1 = r1.fma(c6, c5).fma(r1, c4).fma(r1, c3).fma(r1, c2).fma(r1, c1).fma(r1, one);
            var e0 = n0.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            var e1 = n1.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            p0 = p0.reinterpretAsInts().add(e0).reinterpretAsFloats();
            p1 = p1.reinterpretAsInts().add(e1).reinterpretAsFloats();
            p0 = p0.blend(zero, x0.compare(VectorOperators.LT, lowest));
            p1 = p1.blend(zero, x1.compare(VectorOperators.LT, lowest));
            p0.intoArray(scores, at);
            p1.intoArray(scores, at + Lanes.COUNT);
            sum0 = sum0.add(p0);
            sum1 = sum1.add(p1);
        }
        sum0.intoArray(sum, query);
        sum1.intoArray(sum, other);
    }

    /// The backward's elementwise step on a panel of queries: replaces each score s by its
    /// probability `p = 2^(s - lse)`, and each product dp of `v · doutᵀ` by `p · (dp - delta)`.
    ///
    /// @param scores (keys, WIDTH), as `products`
    /// @param query of the first column, in `lse` (in units of ln 2) and `delta`
    static void gradients(
            float[] scores, float[] products, int keys, int query, float[] lse, float[] delta) {
        var round = FloatVector.broadcast(Lanes.F32, ROUND);
        var lowest = FloatVector.broadcast(Lanes.F32, LOWEST);
        var zero = FloatVector.zero(Lanes.F32);
        var one = FloatVector.broadcast(Lanes.F32, 1);
        var c1 = FloatVector.broadcast(Lanes.F32, C1);
        var c2 = FloatVector.broadcast(Lanes.F32, C2);
        var c3 = FloatVector.broadcast(Lanes.F32, C3);
        var c4 = FloatVector.broadcast(Lanes.F32, C4);
        var c5 = FloatVector.broadcast(Lanes.F32, C5);
        var c6 = FloatVector.broadcast(Lanes.F32, C6);
        int other = query + Lanes.COUNT;
        var lse0 = FloatVector.fromArray(Lanes.F32, lse, query);
        var lse1 = FloatVector.fromArray(Lanes.F32, lse, other);
        var delta0 = FloatVector.fromArray(Lanes.F32, delta, query);
        var delta1 = FloatVector.fromArray(Lanes.F32, delta, other);
        int end = keys * WIDTH;
        for (int i = 0; i < end; i += WIDTH) {
            var x0 = FloatVector.fromArray(Lanes.F32, scores, i).sub(lse0);
            var x1 = FloatVector.fromArray(Lanes.F32, scores, i + Lanes.COUNT).sub(lse1);
            var n0 = x0.add(round);
            var n1 = x1.add(round);
            var r0 = x0.sub(n0.sub(round));
            var r1 = x1.sub(n1.sub(round));
            var p0 = r0.fma(c6, c5).fma(r0, c4).fma(r0, c3).fma(r0, c2).fma(r0, c1).fma(r0, one);
            var p1 = r1.fma(c6, c5).fma(r1, c4).fma(r1, c3).fma(r1, c2).fma(r1, c1).fma(r1, one);
            var e0 = n0.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            var e1 = n1.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            p0 = p0.reinterpretAsInts().add(e0).reinterpretAsFloats();
            p1 = p1.reinterpretAsInts().add(e1).reinterpretAsFloats();
            p0 = p0.blend(zero, x0.compare(VectorOperators.LT, lowest));
            p1 = p1.blend(zero, x1.compare(VectorOperators.LT, lowest));
            p0.intoArray(scores, i);
            p1.intoArray(scores, i + Lanes.COUNT);
            var dp0 = FloatVector.fromArray(Lanes.F32, products, i);
            var dp1 = FloatVector.fromArray(Lanes.F32, products, i + Lanes.COUNT);
            p0.mul(dp0.sub(delta0)).intoArray(products, i);
            p1.mul(dp1.sub(delta1)).intoArray(products, i + Lanes.COUNT);
        }
    }
}
