package dev.ridgeline.cpu;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;

/// Rows of a (B, H, T, D) tensor, strided or not, to and from f32 arrays. A (B, H, T) tensor is
/// seen as rows of one element that follow each other.
///
/// @param offset element number of row (0, 0, 0)
/// @param batchStride from one batch entry to the next, in elements, as the other two
record AttentionView(
        MemorySegment memory,
        DType dtype,
        long offset,
        long batchStride,
        long headStride,
        long rowStride) {
    static AttentionView of(Tensor t) {
        return new AttentionView(
                HostBuffer.segment(t),
                t.dtype(),
                t.offset(),
                t.stride(0),
                t.stride(1),
                t.stride(2));
    }

    /// The element number of the first element of a row.
    long row(int batch, int head, int row) {
        return offset + batch * batchStride + head * headStride + row * rowStride;
    }

    /// `to[at + d] = factor · element(first + d)` for d in `[0, count)`.
    void read(long first, int count, float factor, float[] to, int at) {
        int bound = Lanes.F32.loopBound(count);
        for (int d = 0; d < bound; d += Lanes.COUNT)
            Lanes.load(dtype, memory, first + d).mul(factor).intoArray(to, at + d);
        for (int d = bound; d < count; d++)
            to[at + d] = factor * Lanes.get(dtype, memory, first + d);
    }

    /// `element(first + d) = factor · from[at + d]` for d in `[0, count)`.
    void write(long first, int count, float factor, float[] from, int at) {
        int bound = Lanes.F32.loopBound(count);
        for (int d = 0; d < bound; d += Lanes.COUNT) {
            var value = FloatVector.fromArray(Lanes.F32, from, at + d).mul(factor);
            Lanes.store(dtype, value, memory, first + d);
        }
        for (int d = bound; d < count; d++)
            Lanes.set(dtype, factor * from[at + d], memory, first + d);
    }
}
