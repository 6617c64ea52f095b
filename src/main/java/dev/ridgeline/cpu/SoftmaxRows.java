package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Takes one row after another, each in one sweep, to `exp(x - max) · factor`, where the factor may
/// depend on the row's sum.
///
/// A row is cut into pieces that stay in the first-level cache. The loop over a piece takes its
/// exponentials, writes out those of the same piece of the row before, whose factor is known by
/// now, and finds the maximum of the piece that follows: so memory is read, written and waited for
/// while exponentials are computed, and each is computed once. The exponentials of one row are
/// kept, in the second-level cache where rows are long.
///
/// A piece subtracts the maximum of the row so far; its factor makes up for what came later.
final class SoftmaxRows {
    private static final int STEP = 2 * COUNT;

    /// Elements in a piece: so many and less than twice as many.
    private static final int PIECE = 1024;

    /// No maximum is below, so that minus infinity, of which a row may have any number, becomes 0.
    private static final float LEAST = -Float.MAX_VALUE;

    private final Tensor x;
    private final Tensor y;
    private final RowWindow in;
    private final RowWindow out;
    private final int cols;
    private final int pieces;
    private final int length;
    // elements after the last piece; they are one piece more, which is padded and has no look ahead
    private final int rest;
    private final int padded;
    private final MemorySegment restIn;
    private final MemorySegment restOut;
    // takes what is written in place of a row before where there is none
    private final MemorySegment nowhere;
    private final float[] exponentials;
    private final float[] peaks;
    private final float[] factors;
    private final float[] lanes = new float[COUNT];
    private long before = -1;
    private float peak;
    private float nextPeak;
    private float pieceSum;
    private double sum;

    /// @param x (rows, cols), contiguous
    /// @param y as `x`, and may be it
    SoftmaxRows(Tensor x, Tensor y) {
        this.x = x;
        this.y = y;
        this.cols = x.dim(1);
        int steps = cols / STEP;
        this.pieces = steps == 0 ? 0 : Math.max(1, cols / PIECE);
        this.length = pieces == 0 ? 0 : steps / pieces * STEP;
        this.rest = cols - pieces * length;
        this.padded = Math.ceilDiv(rest, COUNT) * COUNT;
        this.in = new RowWindow(x, length);
        this.out = new RowWindow(y, length);
        this.restIn = floats(padded);
        this.restOut = floats(padded);
        this.nowhere = floats(length);
        this.exponentials = new float[cols - rest + padded];
        this.peaks = new float[pieces + 1];
        this.factors = new float[pieces + 1];
    }

    private static MemorySegment floats(int count) {
        return Arena.ofAuto().allocate((long) count * Float.BYTES, HostBuffer.ALIGNMENT);
    }

    /// Begins with `row`, the first to [#take].
    void start(int row) {
        before = -1;
        if (pieces == 0) return;
        in.lookAhead((long) row * cols, length);
        nextPeak = peak(in.memory(), in.next(), length);
    }

    /// Takes the exponentials of `row` and writes the results of the row taken before.
    ///
    /// @param following the row to be taken next, or `row` itself if none is
    void take(int row, int following) {
        long first = (long) row * cols;
        peak = LEAST;
        sum = 0;
        for (int p = 0; p < pieces; p++) {
            long here = (long) p * length;
            in.step();
            raise(p, nextPeak);
            in.lookAhead(p + 1 < pieces ? first + here + length : (long) following * cols, length);
            var memory = before < 0 ? nowhere : out.memory();
            long room = before < 0 ? 0 : out.room(before + here);
            nextPeak = turn(p, length, in.memory(), in.at(), in.next(), memory, room);
            sum += pieceSum;
            if (before >= 0) out.write(before + here, length);
        }
        if (rest > 0) takeRest(first);
        before = first;
    }

    private void takeRest(long first) {
        long at = x.offset() + first + cols - rest;
        if (x.dtype() == DType.F32)
            MemorySegment.copy(HostBuffer.segment(x), at * 4, restIn, 0, rest * 4L);
        else RowWindow.split(HostBuffer.segment(x), at, restIn, 0, rest);
        for (int i = rest; i < padded; i++)
            restIn.setAtIndex(JAVA_FLOAT, i, Float.NEGATIVE_INFINITY);
        raise(pieces, peak(restIn, 0, padded));
        turn(pieces, padded, restIn, 0, 0, restOut, 0);
        sum += pieceSum;
        if (before >= 0) writeRest();
    }

    private void writeRest() {
        long at = y.offset() + before + cols - rest;
        if (y.dtype() == DType.F32)
            MemorySegment.copy(restOut, 0, HostBuffer.segment(y), at * 4, rest * 4L);
        else RowWindow.join(restOut, 0, HostBuffer.segment(y), at, rest);
    }

    /// Piece `p`, whose largest element is `top`, is to come.
    private void raise(int p, float top) {
        if (top > peak) {
            sum *= Math.exp((double) peak - top);
            peak = top;
        }
        peaks[p] = peak;
    }

    /// The row taken last: `log Σ exp(x)`.
    double logSum() {
        return Math.log(sum) + peak;
    }

    /// Makes the results of the row taken last `softmax(x) · scale`.
    void scale(double scale) {
        double factor = scale / sum;
        for (int p = 0; p <= pieces; p++)
            factors[p] =
                    (float)
                            (peaks[p] == peak
                                    ? factor
                                    : factor * Math.exp((double) peaks[p] - peak));
    }

    /// Writes the results of the row taken last.
    void finish() {
        for (int p = 0; p < pieces; p++) {
            long at = before + (long) p * length;
            scale(p, length, out.memory(), out.room(at));
            out.write(at, length);
        }
        if (rest > 0) {
            scale(pieces, padded, restOut, 0);
            writeRest();
        }
    }

    /// The largest of the `n` elements from `at` on.
    private static float peak(MemorySegment x, long at, int n) {
        Lanes.known(x);
        var tops = FloatVector.broadcast(F32, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < n; i += COUNT) {
            var v = FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE);
            tops = tops.blend(v, v.compare(VectorOperators.GT, tops));
        }
        return tops.reduceLanes(VectorOperators.MAX);
    }

    /// Replaces the exponentials of piece `p` of the row before by those of `x`, having written
    /// them to `y`, times their factor.
    ///
    /// @return the largest of the `n` elements from `next` on
    private float turn(
            int p, int n, MemorySegment x, long at, long next, MemorySegment y, long room) {
        Lanes.known(x);
        Lanes.known(y);
        float[] exponentials = this.exponentials;
        int first = p * length;
        var peaks = FloatVector.broadcast(F32, this.peaks[p]);
        var factors = FloatVector.broadcast(F32, this.factors[p]);
        var tops = FloatVector.broadcast(F32, Float.NEGATIVE_INFINITY);
        var sums = FloatVector.zero(F32);
        for (int i = 0; i < n; i += COUNT) {
            var v = FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE);
            var power = VectorMath.boundedExp(v.sub(peaks));
            FloatVector.fromArray(F32, exponentials, first + i)
                    .mul(factors)
                    .intoMemorySegment(y, (room + i) * 4, LE);
            power.intoArray(exponentials, first + i);
            sums = sums.add(power);
            var ahead = FloatVector.fromMemorySegment(F32, x, (next + i) * 4, LE);
            // two instructions, where max, which has to order zeros and NaNs, is five
            tops = tops.blend(ahead, ahead.compare(VectorOperators.GT, tops));
        }
        sums.intoArray(lanes, 0);
        pieceSum = Lanes.sum(lanes);
        return tops.reduceLanes(VectorOperators.MAX);
    }

    private void scale(int p, int n, MemorySegment y, long room) {
        Lanes.known(y);
        float[] exponentials = this.exponentials;
        int first = p * length;
        var factors = FloatVector.broadcast(F32, this.factors[p]);
        for (int i = 0; i < n; i += COUNT)
            FloatVector.fromArray(F32, exponentials, first + i)
                    .mul(factors)
                    .intoMemorySegment(y, (room + i) * 4, LE);
    }
}
