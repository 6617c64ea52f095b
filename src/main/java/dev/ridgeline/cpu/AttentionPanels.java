package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.GemmTile.HEIGHT;
import static dev.ridgeline.cpu.GemmTile.WIDTH;
import static dev.ridgeline.cpu.GemmTile.X_STEP;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// How tiled attention lays out its operands, so that every product in it is one of [GemmTile]: on
/// the right a panel of [GemmTile#WIDTH] queries or keys, on the left groups of [GemmTile#HEIGHT]
/// keys or dimensions. So a query, or a key, has a lane to itself in all that is done to scores,
/// and results come with a row per dimension.
///
/// | matrix | as             | depth      | arrays                                     |
/// |--------|----------------|------------|--------------------------------------------|
/// | left   | groups of rows | dimensions | per group (D, [GemmTile#X_STEP])           |
/// | left   | groups of dims | rows       | per group (rows, X_STEP)                   |
/// | right  | panels of rows | dimensions | per panel (D, WIDTH)                       |
/// | result | panels of rows |            | per panel (D rounded up to HEIGHT, WIDTH)  |
///
/// @param headDim D
/// @param lines scratch for packing
record AttentionPanels(int headDim, MemorySegment lines) {
    /// Rows of a block: whole panels, and whole groups.
    static final int BLOCK = HEIGHT == 12 ? 96 : 80;

    static final int PANELS = BLOCK / WIDTH;

    static AttentionPanels of(int headDim) {
        long bytes = 4L * GemmTranspose.LINES * headDim;
        return new AttentionPanels(headDim, Arena.ofAuto().allocate(bytes, 64));
    }

    /// `n` rounded up to a multiple of `step`.
    static int roundUp(int n, int step) {
        return Math.ceilDiv(n, step) * step;
    }

    /// Groups of dimensions.
    int groups() {
        return Math.ceilDiv(headDim, HEIGHT);
    }

    /// Elements of a panel of a result.
    int resultSize() {
        return groups() * HEIGHT * WIDTH;
    }

    /// Room for groups of `rows` rows.
    float[][] leftByRows(int rows) {
        return new float[Math.ceilDiv(rows, HEIGHT)][headDim * X_STEP];
    }

    /// Room for groups of dimensions of `blocks` blocks of `rows` rows.
    float[][] leftByDims(int blocks, int rows) {
        return new float[Math.multiplyExact(blocks, groups())][roundUp(rows, 2) * X_STEP];
    }

    /// Room for panels of `rows` rows.
    float[][] right(int rows) {
        return new float[Math.ceilDiv(rows, WIDTH)][headDim * WIDTH];
    }

    /// Room for results of `rows` rows.
    float[][] results(int rows) {
        return new float[Math.ceilDiv(rows, WIDTH)][resultSize()];
    }

    /// Rows `[first, first + count)` of a head ([AttentionView#byRow]) as groups of rows.
    void packLeftByRows(GemmOperand rows, int first, int count, float[][] to, int at) {
        rows.pack(first, count, HEIGHT, 0, headDim, to, at, X_STEP, 2, lines);
    }

    /// The same rows ([AttentionView#byDim]) as groups of dimensions.
    void packLeftByDims(GemmOperand dims, int first, int count, float[][] to, int at) {
        dims.pack(0, headDim, HEIGHT, first, count, to, at, X_STEP, 2, lines);
    }

    /// The same rows ([AttentionView#byRow]) as panels.
    void packRight(GemmOperand rows, int first, int count, float[][] to) {
        rows.pack(first, count, WIDTH, 0, headDim, to, 0, WIDTH, 2, lines);
    }

    /// `scores = rows · panel`, a row per key: as many keys as are in the groups that `count` keys
    /// need.
    void scores(float[][] keys, int at, float[] panel, int count, float[] scores) {
        Arrays.fill(scores, 0, roundUp(count, HEIGHT) * WIDTH, 0);
        for (int j = 0; j < count; j += HEIGHT)
            GemmTile.multiply(HEIGHT, keys[at + j / HEIGHT], panel, scores, j * WIDTH, headDim);
    }

    /// `result += dims · weights`, where `weights` has `depth` rows of WIDTH.
    ///
    /// @param depth even
    void weigh(float[][] dims, int at, float[] weights, int depth, float[] result) {
        for (int g = 0; g < groups(); g++)
            GemmTile.multiply(HEIGHT, dims[at + g], weights, result, g * HEIGHT * WIDTH, depth);
    }

    /// Multiplies each column of a panel or result by its factor.
    ///
    /// @param at of the first column's factor
    static void scale(float[] panel, float[] factors, int at) {
        var a = FloatVector.fromArray(Lanes.F32, factors, at);
        var b = FloatVector.fromArray(Lanes.F32, factors, at + Lanes.COUNT);
        for (int i = 0; i < panel.length; i += WIDTH) {
            FloatVector.fromArray(Lanes.F32, panel, i).mul(a).intoArray(panel, i);
            int j = i + Lanes.COUNT;
            FloatVector.fromArray(Lanes.F32, panel, j).mul(b).intoArray(panel, j);
        }
    }

    /// Writes `count` columns of a result as the rows of a head from `first` on, times `factor`.
    ///
    /// @param rows room for WIDTH rows of D
    void write(
            float[] result, float factor, AttentionView to, long first, int count, float[] rows) {
        if (factor != 1) AttentionVectors.scale(result, 0, result.length, factor);
        AttentionTranspose.transpose(result, 0, WIDTH, headDim, WIDTH, rows, 0, headDim);
        for (int i = 0; i < count; i++)
            to.write(first + i * to.rowStride(), headDim, rows, i * headDim);
    }
}
