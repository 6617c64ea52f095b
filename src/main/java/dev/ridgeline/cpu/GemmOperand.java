package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/// One operand of a matrix product as its packing sees it: element (o, p), the o-th row or column
/// of the result at depth p, is at `offset + o * outer + p * depth` in elements. One of the two
/// steps is 1. There are `count` rows or columns.
///
/// Packing copies a block into the layout that [GemmTile] reads, widening bf16 on the way.
record GemmOperand(
        MemorySegment memory, DType dtype, int count, long offset, long outer, long depth) {
    private static final ValueLayout.OfFloat FLOAT =
            JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Depths that are copied for all groups before the next: their pages stay at hand.
    private static final int NEAR = 32;

    /// @param depthContiguous whether the axis that the product sums over is the innermost
    static GemmOperand of(Tensor t, int batch, boolean depthContiguous) {
        int rank = t.shape().rank();
        long offset = t.offset() + (rank == 3 ? batch * t.stride(0) : 0);
        long row = t.stride(rank - 2);
        return new GemmOperand(
                HostBuffer.segment(t),
                t.dtype(),
                t.dim(depthContiguous ? rank - 2 : rank - 1),
                offset,
                depthContiguous ? row : 1,
                depthContiguous ? 1 : row);
    }

    private long at(int o, int p) {
        return offset + o * outer + p * depth;
    }

    /// `count` depths from `p` of row or column `o`.
    void read(int o, int p, int count, float[] into, int to) {
        if (depth == 1) copy(at(o, p), count, into, to);
        else for (int i = 0; i < count; i++) into[to + i] = Lanes.get(dtype, memory, at(o, p + i));
    }

    /// Elements `[o, o + count)` at depth `p`; only where they are neighbours.
    void readAcross(int o, int p, int count, float[] into) {
        copy(at(o, p), count, into, 0);
    }

    /// Rows or columns `[o, o + valid)` at depths `[p, p + kc)`, in groups of `each`: a line of
    /// `step` elements per depth, whose first elements are the group's. What follows them in a line
    /// is neighbours, or left as it was: it meets only what is not stored. Lines of zeros make the
    /// depths a multiple of `turn`.
    ///
    /// @param at where the first group's array is in `into`; the others follow
    /// @param lines scratch of [GemmTranspose#LINES] times `kc` elements
    void pack(
            int o,
            int valid,
            int each,
            int p,
            int kc,
            float[][] into,
            int at,
            int step,
            int turn,
            MemorySegment lines) {
        int groups = Math.ceilDiv(valid, each);
        if (depth == 1) {
            for (int g = 0; g < groups; g++) {
                int first = o + g * each;
                int own = Math.min(each, o + valid - first);
                transpose(first, own, p, kc, into[at + g], step, lines);
            }
        } else {
            // groups whose lines may be read whole
            int whole = count - o < step ? 0 : Math.min(groups, (count - o - step) / each + 1);
            copyLines(o, each, p, kc, into, at, step, whole);
            for (int g = whole; g < groups; g++) {
                int first = o + g * each;
                int own = Math.min(each, o + valid - first);
                float[] to = into[at + g];
                for (int k = 0; k < kc; k++) copy(at(first, p + k), own, to, k * step);
            }
        }
        int end = Math.ceilDiv(kc, turn) * turn;
        for (int g = 0; g < groups; g++) Arrays.fill(into[at + g], kc * step, end * step, 0f);
    }

    private void copyLines(
            int o, int each, int p, int kc, float[][] into, int at, int step, int groups) {
        for (int k = 0; k < kc; k += NEAR) {
            int depths = Math.min(NEAR, kc - k);
            for (int g = 0; g < groups; g++) {
                float[] to = into[at + g];
                long from = at(o + g * each, p + k);
                if (dtype == DType.BF16) copyBf16(memory, from, depth, depths, to, k * step, step);
                else if (step == Lanes.COUNT) copyOne(memory, from, depth, depths, to, k * step);
                else copyTwo(memory, from, depth, depths, to, k * step);
            }
        }
    }

    private static void copyOne(
            MemorySegment memory, long from, long next, int depths, float[] to, int at) {
        var known = Lanes.known(memory);
        for (int k = 0; k < depths; k++)
            FloatVector.fromMemorySegment(Lanes.F32, known, from + k * next << 2, Lanes.LE)
                    .intoArray(to, at + k * Lanes.COUNT);
    }

    private static void copyTwo(
            MemorySegment memory, long from, long next, int depths, float[] to, int at) {
        var known = Lanes.known(memory);
        for (int k = 0; k < depths; k++) {
            long i = from + k * next << 2;
            int j = at + k * GemmTile.WIDTH;
            FloatVector.fromMemorySegment(Lanes.F32, known, i, Lanes.LE).intoArray(to, j);
            FloatVector.fromMemorySegment(Lanes.F32, known, i + 4 * Lanes.COUNT, Lanes.LE)
                    .intoArray(to, j + Lanes.COUNT);
        }
    }

    private static void copyBf16(
            MemorySegment memory, long from, long next, int depths, float[] to, int at, int step) {
        for (int k = 0; k < depths; k++)
            for (int v = 0; v < step; v += Lanes.COUNT)
                Lanes.loadBf16(memory, from + k * next + v).intoArray(to, at + k * step + v);
    }

    private void transpose(
            int o, int valid, int p, int kc, float[] into, int step, MemorySegment lines) {
        for (int j = 0; j < valid; j += GemmTranspose.LINES) {
            if (dtype == DType.F32 && o + j + GemmTranspose.LINES <= count) {
                GemmTranspose.transpose(memory, at(o + j, p), outer, kc, into, j, step);
            } else {
                for (int r = 0; r < GemmTranspose.LINES && o + j + r < count; r++)
                    widen(at(o + j + r, p), kc, lines, (long) r * kc);
                GemmTranspose.transpose(lines, 0, kc, kc, into, j, step);
            }
        }
    }

    private void widen(long from, int count, MemorySegment lines, long at) {
        int i = 0;
        for (; i <= count - Lanes.COUNT; i += Lanes.COUNT)
            Lanes.storeF32(Lanes.load(dtype, memory, from + i), lines, at + i);
        for (; i < count; i++)
            Lanes.set(DType.F32, Lanes.get(dtype, memory, from + i), lines, at + i);
    }

    /// `count` neighbouring elements from element `from` of the memory.
    private void copy(long from, int count, float[] into, int at) {
        if (dtype == DType.F32) {
            MemorySegment.copy(memory, FLOAT, from << 2, into, at, count);
            return;
        }
        int i = 0;
        for (; i <= count - Lanes.COUNT; i += Lanes.COUNT)
            Lanes.loadBf16(memory, from + i).intoArray(into, at + i);
        for (; i < count; i++) into[at + i] = Lanes.get(dtype, memory, from + i);
    }
}
