package dev.ridgeline.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/// Loops over rows in float arrays that have room for whole vectors: a count of elements is rounded
/// up to one.
final class AttentionVectors {
    /// Exchanges lanes 1, 2, 4 and 8 apart, as far as there are so many.
    static final VectorShuffle<Float> SWAP_1 = swap(1);

    static final VectorShuffle<Float> SWAP_2 = swap(2);
    static final VectorShuffle<Float> SWAP_4 = swap(4);
    static final VectorShuffle<Float> SWAP_8 = swap(8);

    private AttentionVectors() {}

    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(
                Lanes.F32, lane -> distance < Lanes.COUNT ? lane ^ distance : lane);
    }

    /// Multiplies a row.
    static void scale(float[] row, int at, int count, float factor) {
        for (int d = 0; d < count; d += Lanes.COUNT)
            FloatVector.fromArray(Lanes.F32, row, at + d).mul(factor).intoArray(row, at + d);
    }

    /// `to += from`, all of `to`.
    static void add(float[] from, float[] to) {
        for (int i = 0; i < to.length; i += Lanes.COUNT)
            FloatVector.fromArray(Lanes.F32, to, i)
                    .add(FloatVector.fromArray(Lanes.F32, from, i))
                    .intoArray(to, i);
    }

    /// `to += factor · from`, all of `to`.
    static void addScaled(float factor, float[] from, float[] to) {
        var f = FloatVector.broadcast(Lanes.F32, factor);
        for (int i = 0; i < to.length; i += Lanes.COUNT)
            FloatVector.fromArray(Lanes.F32, from, i)
                    .fma(f, FloatVector.fromArray(Lanes.F32, to, i))
                    .intoArray(to, i);
    }

    /// The product of two rows.
    static float dot(float[] a, float[] b, int at, int count) {
        var sum = FloatVector.zero(Lanes.F32);
        for (int d = 0; d < count; d += Lanes.COUNT)
            sum =
                    FloatVector.fromArray(Lanes.F32, a, at + d)
                            .fma(FloatVector.fromArray(Lanes.F32, b, at + d), sum);
        // not reduceLanes, whose order of addition changes when the JIT compiles it
        sum = sum.add(sum.rearrange(SWAP_1));
        sum = sum.add(sum.rearrange(SWAP_2));
        if (Lanes.COUNT > 4) sum = sum.add(sum.rearrange(SWAP_4));
        if (Lanes.COUNT > 8) sum = sum.add(sum.rearrange(SWAP_8));
        return sum.lane(0);
    }
}
