package dev.ridgeline.cpu;

/// The matrix product that tiled attention is made of, on slabs: row-major matrices of at most
/// [#STRIDE] columns in a float array, row after row at that constant distance.
///
/// The product is `aᵀ · b`, so that its inner loop steps through both at the same distance and one
/// counter addresses everything; what would need another form is transposed first
/// ([AttentionSlab#transpose]). A tile of the product is [#ROWS] by [#LANES]. Slabs have room for
/// whole tiles; what is beyond a matrix's edge is computed and never read.
final class AttentionTile {
    /// Rows of a tile. Two vectors of 12 need more registers than there are before AVX-512.
    static final int ROWS = Lanes.COUNT == 16 ? 12 : 5;

    /// Columns of a tile: two vectors.
    static final int LANES = 2 * Lanes.COUNT;

    /// Columns that a slab has room for, and floats from one row to the next: whole tiles both
    /// ways.
    static final int STRIDE = Lanes.COUNT == 16 ? 96 : 80;

    private static final float[] ZEROS = new float[ROWS * STRIDE];

    private AttentionTile() {}

    /// One tile of `c = aᵀ · b`, or of `c += aᵀ · b`.
    ///
    /// The loops behind this call nothing but the Vector API, whose methods the JIT has to inline:
    /// in a method that has grown large it stops inlining others, and vectors passed to them become
    /// objects. They are too large themselves (over 325 bytecodes) to make their callers grow.
    ///
    /// @param ao where the tile's first column of a starts
    /// @param bo where the tile's first column of b starts
    /// @param co where the tile starts in c
    /// @param depth rows of a and of b
    static void multiply(
            float[] a, int ao, float[] b, int bo, float[] c, int co, int depth, boolean add) {
        float[] from = add ? c : ZEROS;
        int fo = add ? co : 0;
        if (ROWS == 12) AttentionTile12.multiply(a, ao, b, bo, from, fo, c, co, depth);
        else AttentionTile5.multiply(a, ao, b, bo, from, fo, c, co, depth);
    }

    /// `n` rounded up to a multiple of `step`.
    static int roundUp(int n, int step) {
        return (n + step - 1) / step * step;
    }
}
