package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/// One operand of a matrix product as its packing sees it: element (o, p), the o-th row or column
/// of the result at depth p, is at `offset + o * outer + p * depth` in elements. One of the two
/// steps is 1.
///
/// Packing copies a block into the layout that [GemmTile] reads, widening bf16 on the way.
record GemmOperand(MemorySegment memory, DType dtype, long offset, long outer, long depth) {
    private static final ValueLayout.OfFloat FLOAT =
            JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// @param depthContiguous whether the axis that the product sums over is the innermost
    static GemmOperand of(Tensor t, int batch, boolean depthContiguous) {
        int rank = t.shape().rank();
        long offset = t.offset() + (rank == 3 ? batch * t.stride(0) : 0);
        long row = t.stride(rank - 2);
        return new GemmOperand(
                HostBuffer.segment(t),
                t.dtype(),
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

    /// Rows `[from, from + rows)` at depths `[p, p + kc)`, each row contiguous, rows
    /// [GemmTile#STRIDE] apart.
    ///
    /// @param line scratch of WIDTH elements
    void packRows(int from, int rows, int p, int kc, float[] into, float[] line) {
        if (depth == 1) {
            for (int r = 0; r < rows; r++) copy(at(from + r, p), kc, into, r * GemmTile.STRIDE);
            return;
        }
        for (int r = 0; r < rows; r += line.length) {
            int count = Math.min(line.length, rows - r);
            for (int k = 0; k < kc; k++) {
                copy(at(from + r, p + k), count, line, 0);
                int to = r * GemmTile.STRIDE + k;
                for (int i = 0; i < count; i++) into[to + i * GemmTile.STRIDE] = line[i];
            }
        }
    }

    /// Columns `[column, column + valid)` at depths `[p, p + kc)`: one panel, (kc,
    /// [GemmTile#WIDTH]) contiguous, filled up with zeros.
    ///
    /// @param lines scratch of at least 4 times `kc` elements
    void packPanel(int column, int valid, int p, int kc, float[] into, int at, float[] lines) {
        if (depth == 1) transposePanel(column, valid, p, kc, into, at, lines);
        else copyPanel(column, valid, p, kc, into, at);
    }

    private void copyPanel(int column, int valid, int p, int kc, float[] into, int at) {
        int width = GemmTile.WIDTH;
        if (valid == width) {
            for (int k = 0; k < kc; k++) {
                long from = at(column, p + k);
                Lanes.load(dtype, memory, from).intoArray(into, at + k * width);
                Lanes.load(dtype, memory, from + Lanes.COUNT)
                        .intoArray(into, at + k * width + Lanes.COUNT);
            }
            return;
        }
        for (int k = 0; k < kc; k++) {
            copy(at(column, p + k), valid, into, at + k * width);
            Arrays.fill(into, at + k * width + valid, at + (k + 1) * width, 0f);
        }
    }

    /// Four source rows at a time, so that what is stored together lies together.
    private void transposePanel(
            int column, int valid, int p, int kc, float[] into, int at, float[] lines) {
        for (int j = 0; j < GemmTile.WIDTH; j += 4) {
            for (int r = 0; r < 4; r++) {
                if (j + r < valid) copy(at(column + j + r, p), kc, lines, r * kc);
                else Arrays.fill(lines, r * kc, (r + 1) * kc, 0f);
            }
            interleave(lines, kc, into, at + j);
        }
    }

    private static void interleave(float[] lines, int kc, float[] into, int at) {
        int b = kc;
        int c = 2 * kc;
        int d = 3 * kc;
        for (int k = 0; k < kc; k++) {
            int to = at + k * GemmTile.WIDTH;
            into[to] = lines[k];
            into[to + 1] = lines[b + k];
            into[to + 2] = lines[c + k];
            into[to + 3] = lines[d + k];
        }
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
