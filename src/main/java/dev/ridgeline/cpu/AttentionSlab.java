package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.AttentionTile.STRIDE;

/// How rows of D elements lie in slabs: D is cut into as few parts as fit a slab's columns, whole
/// tiles but the last, and each part of a matrix is a slab of its own. Transposed, a matrix of at
/// most a slab's columns is one slab of D rows.
///
/// @param headDim D
/// @param parts how many
/// @param width columns of every part but the last, which may have fewer
record AttentionSlab(int headDim, int parts, int width) {
    static AttentionSlab of(int headDim) {
        int parts = (headDim + STRIDE - 1) / STRIDE;
        int width = AttentionTile.roundUp((headDim + parts - 1) / parts, AttentionTile.LANES);
        return new AttentionSlab(headDim, parts, width);
    }

    int width(int part) {
        return Math.min(width, headDim - part * width);
    }

    /// Floats that `rows` rows take, all parts.
    int floats(int rows) {
        return Math.multiplyExact(parts * STRIDE, rows);
    }

    /// Copies `count` rows of a head, from row `first` on, to row `row` of slabs of `rows` rows.
    void read(
            AttentionView from,
            int batch,
            int head,
            int first,
            int count,
            float[] to,
            int row,
            int rows) {
        for (int part = 0; part < parts; part++) {
            int at = (part * rows + row) * STRIDE;
            for (int i = 0; i < count; i++, at += STRIDE) {
                long element = from.row(batch, head, first + i) + part * width;
                from.read(element, width(part), to, at);
            }
        }
    }

    /// The inverse of [#read].
    void write(
            float[] from,
            int row,
            int rows,
            AttentionView to,
            int batch,
            int head,
            int first,
            int count) {
        for (int part = 0; part < parts; part++) {
            int at = (part * rows + row) * STRIDE;
            for (int i = 0; i < count; i++, at += STRIDE) {
                long element = to.row(batch, head, first + i) + part * width;
                to.write(element, width(part), from, at);
            }
        }
    }

    /// Multiplies row `row` of slabs of `rows` rows.
    void scale(float[] of, int row, int rows, float factor) {
        for (int part = 0; part < parts; part++)
            AttentionVectors.scale(of, (part * rows + row) * STRIDE, width(part), factor);
    }

    /// The product of row `row` of one matrix and of another, both in slabs of `rows` rows.
    float dot(float[] a, float[] b, int row, int rows) {
        float sum = 0;
        for (int part = 0; part < parts; part++)
            sum += AttentionVectors.dot(a, b, (part * rows + row) * STRIDE, width(part));
        return sum;
    }

    /// Floats of a transposed slab: D rows, rounded up to what [#transpose] writes.
    int transposedFloats() {
        return AttentionTile.roundUp(headDim, Lanes.COUNT) * STRIDE;
    }

    /// Transposes slabs of [AttentionTile#STRIDE] rows into one slab of D rows at `at`.
    ///
    /// @param rows that matter
    /// @param work room for a slab
    void transpose(float[] from, int rows, float[] to, int at, float[] work) {
        for (int part = 0; part < parts; part++)
            AttentionTranspose.transpose(
                    from,
                    part * STRIDE * STRIDE,
                    rows,
                    width(part),
                    to,
                    at + part * width * STRIDE,
                    work);
    }
}
