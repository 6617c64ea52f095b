package dev.ridgeline.cpu;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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

    /// The first `rows` rows of a head as packing sees them, an element per row: depth is D.
    GemmOperand byRow(int batch, int head, int rows) {
        return new GemmOperand(memory, dtype, rows, row(batch, head, 0), rowStride, 1);
    }

    /// The rows of a head an element per dimension: depth is the number of the row.
    GemmOperand byDim(int batch, int head, int dims) {
        return new GemmOperand(memory, dtype, dims, row(batch, head, 0), 1, rowStride);
    }

    /// As [#byDim], with `last` the row at depth 0, the one before it at depth 1.
    GemmOperand byDimBackwards(int batch, int head, int dims, int last) {
        return new GemmOperand(memory, dtype, dims, row(batch, head, last), 1, -rowStride);
    }

    /// `to[at + d] = element(first + d)` for d in `[0, count)`.
    void read(long first, int count, float[] to, int at) {
        if (dtype == DType.F32) {
            MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, first << 2, to, at, count);
            return;
        }
        int bound = Lanes.F32.loopBound(count);
        for (int d = 0; d < bound; d += Lanes.COUNT)
            Lanes.loadBf16(memory, first + d).intoArray(to, at + d);
        for (int d = bound; d < count; d++) to[at + d] = Lanes.get(dtype, memory, first + d);
    }

    /// `element(first + d) = from[at + d]` for d in `[0, count)`.
    void write(long first, int count, float[] from, int at) {
        if (dtype == DType.F32) {
            MemorySegment.copy(from, at, memory, ValueLayout.JAVA_FLOAT, first << 2, count);
            return;
        }
        int bound = Lanes.F32.loopBound(count);
        for (int d = 0; d < bound; d += Lanes.COUNT)
            Lanes.storeBf16(FloatVector.fromArray(Lanes.F32, from, at + d), memory, first + d);
        for (int d = bound; d < count; d++) Lanes.set(dtype, from[at + d], memory, first + d);
    }
}
