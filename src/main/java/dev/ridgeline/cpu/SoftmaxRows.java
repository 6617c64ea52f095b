package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.I32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Takes one row after another, each in one sweep, to `exp(x) · factor`, where the factor depends
/// on the row's sum.
///
/// With `x log2(e) = n + f`, n the nearest integer, e^x is 2^f, a polynomial, with n in its
/// exponent. So n is all that an overflow concerns, and instead of the row's maximum, which takes a
/// pass of its own to find, an integer near it will do, the base: it changes no bit of a result.
/// The base is taken from the first elements of a row. A row that goes on to pass it by so much
/// that a sum may overflow, as hardly one does, is taken again with its maximum.
///
/// The loop that takes exponentials also writes out those of the row before, whose factor is known
/// by now, so that memory is written while it computes. It goes by pieces that stay in the
/// first-level cache, each with a sum of its own. The exponentials of one row are kept, in the
/// second-level cache where rows are long.
final class SoftmaxRows {
    private static final int STEP = 2 * COUNT;

    /// Elements in a piece: so many and less than twice as many.
    private static final int PIECE = 1024;

    /// Elements that a base is taken from, at most.
    private static final int FIRST = 4 * STEP;

    /// How far exponents may pass the base, so that 2^63 terms have a finite sum.
    private static final int HEADROOM = 64;

    /// Largest magnitude of a base: with it and a factor of two to spare, ROUND rounds to integers.
    private static final float FARTHEST = 0x1p20f;

    private static final float LOG2_E = 1.44269504f;
    private static final double LN_2 = Math.log(2);

    // adding 1.5·2^23 rounds to an integer; 127 more and the low bits are 2^n's exponent field
    private static final float ROUND = 0x1.8p23f + 127;
    // 2^f for f in [-1/2, 1/2], least largest relative error (3e-9 before rounding)
    private static final float C1 = 0x1.62e432p-1f;
    private static final float C2 = 0x1.ebfbe2p-3f;
    private static final float C3 = 0x1.c6ae72p-5f;
    private static final float C4 = 0x1.3b270ep-7f;
    private static final float C5 = 0x1.5f7276p-10f;
    private static final float C6 = 0x1.470b4ap-13f;

    private final Tensor x;
    private final Tensor y;
    private final RowWindow in;
    private final RowWindow out;
    private final int cols;
    private final int pieces;
    private final int length;
    // elements after the last piece; they are one piece more, which is padded
    private final int rest;
    private final int padded;
    private final MemorySegment restIn;
    private final MemorySegment restOut;
    // takes what is written in place of a row before where there is none
    private final MemorySegment nowhere;
    private final float[] exponentials;
    private final float[] lanes = new float[COUNT];
    private long before = -1;
    private float factor;
    private float base;
    private int most;
    private float pieceSum;
    private double sum;
    // of the row taken last: log Σ e^(unit · x) is log(sum) + shift
    private double unit;
    private double shift;

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
    }

    private static MemorySegment floats(int count) {
        return Arena.ofAuto().allocate((long) count * Float.BYTES, HostBuffer.ALIGNMENT);
    }

    /// Forgets the row taken last, which is written.
    void start() {
        before = -1;
    }

    /// Takes the exponentials of `row` and writes the results of the row taken before.
    void take(int row) {
        long first = (long) row * cols;
        sum = 0;
        most = 0;
        for (int p = 0; p < pieces; p++) {
            long here = (long) p * length;
            read(first + here);
            if (p == 0) base = base(in.memory(), in.at(), Math.min(length, FIRST));
            var memory = before < 0 ? nowhere : out.memory();
            long room = before < 0 ? 0 : out.room(before + here);
            turn(p, length, in.memory(), in.at(), memory, room);
            sum += pieceSum;
            if (before >= 0) out.write(before + here, length);
        }
        if (rest > 0) takeRest(first);
        before = first;
        unit = LOG2_E * LN_2;
        shift = base * LN_2;
        // written so that a NaN, from a base that is none, counts as beyond
        boolean within = Math.abs(base) <= FARTHEST;
        if (!within || most > Float.floatToRawIntBits(ROUND + HEADROOM)) takeByPeak(first);
    }

    private void read(long at) {
        in.lookAhead(at, length);
        in.step();
    }

    private void takeRest(long first) {
        readRest(first);
        if (pieces == 0) base = base(restIn, 0, padded);
        turn(pieces, padded, restIn, 0, restOut, 0);
        sum += pieceSum;
        if (before >= 0) writeRest();
    }

    private void readRest(long first) {
        long at = x.offset() + first + cols - rest;
        if (x.dtype() == DType.F32)
            MemorySegment.copy(HostBuffer.segment(x), at * 4, restIn, 0, rest * 4L);
        else RowWindow.split(HostBuffer.segment(x), at, restIn, 0, rest);
        for (int i = rest; i < padded; i++)
            restIn.setAtIndex(JAVA_FLOAT, i, Float.NEGATIVE_INFINITY);
    }

    private void writeRest() {
        long at = y.offset() + before + cols - rest;
        if (y.dtype() == DType.F32)
            MemorySegment.copy(restOut, 0, HostBuffer.segment(y), at * 4, rest * 4L);
        else RowWindow.join(restOut, 0, HostBuffer.segment(y), at, rest);
    }

    /// Takes the exponentials of a row again, of differences to its maximum.
    private void takeByPeak(long first) {
        // none is below, so that minus infinity, of which a row may have any number, becomes 0
        float peak = -Float.MAX_VALUE;
        for (int p = 0; p < pieces; p++) {
            read(first + (long) p * length);
            peak = Math.max(peak, peak(in.memory(), in.at(), length));
        }
        if (rest > 0) peak = Math.max(peak, peak(restIn, 0, padded));
        sum = 0;
        for (int p = 0; p < pieces; p++) {
            read(first + (long) p * length);
            sum += differences(p, length, in.memory(), in.at(), peak);
        }
        if (rest > 0) sum += differences(pieces, padded, restIn, 0, peak);
        unit = 1;
        shift = peak;
    }

    /// Of an element of the row taken last: `-log softmax(x)`.
    double loss(double x) {
        return Math.log(sum) + shift - x * unit;
    }

    /// Makes the results of the row taken last `softmax(x) · scale`.
    void scale(double scale) {
        factor = (float) (scale / sum);
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

    /// An integer near the largest exponent of the `n` elements from `at` on.
    private static float base(MemorySegment x, long at, int n) {
        return (float) Math.rint(peak(x, at, n) * LOG2_E);
    }

    /// The largest of the `n` elements from `at` on.
    private static float peak(MemorySegment x, long at, int n) {
        Lanes.known(x);
        var tops = FloatVector.broadcast(F32, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < n; i += COUNT) {
            var v = FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE);
            // two instructions, where max, which has to order zeros and NaNs, is five
            tops = tops.blend(v, v.compare(VectorOperators.GT, tops));
        }
        return tops.reduceLanes(VectorOperators.MAX);
    }

    /// Replaces the exponentials of piece `p` of the row before by those of `x`, having written
    /// them to `y`, times their factor.
    private void turn(int p, int n, MemorySegment x, long at, MemorySegment y, long room) {
        Lanes.known(x);
        Lanes.known(y);
        float[] exponentials = this.exponentials;
        int first = p * length;
        var log2e = FloatVector.broadcast(F32, LOG2_E);
        var round = FloatVector.broadcast(F32, ROUND - base);
        var least = FloatVector.broadcast(F32, ROUND - 126);
        var zero = FloatVector.zero(F32);
        var c1 = FloatVector.broadcast(F32, C1);
        var c2 = FloatVector.broadcast(F32, C2);
        var c3 = FloatVector.broadcast(F32, C3);
        var c4 = FloatVector.broadcast(F32, C4);
        var c5 = FloatVector.broadcast(F32, C5);
        var c6 = FloatVector.broadcast(F32, C6);
        var factors = FloatVector.broadcast(F32, factor);
        var sums = FloatVector.zero(F32);
        var tops = IntVector.zero(I32);
        for (int i = 0; i < n; i += COUNT) {
            var v = FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE);
            var shifted = v.fma(log2e, round);
            var f = v.fma(log2e, round.sub(shifted));
            var bits = shifted.reinterpretAsInts();
            // exponents as integers, of which a maximum is one instruction
            tops = tops.max(bits);
            var f2 = f.mul(f);
            var q = f.fma(c6, c5).fma(f2, f.fma(c4, c3)).fma(f2, f.fma(c2, c1));
            var power = bits.lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
            var e =
                    q.mul(f)
                            .fma(power, power)
                            .blend(zero, shifted.compare(VectorOperators.LT, least));
            FloatVector.fromArray(F32, exponentials, first + i)
                    .mul(factors)
                    .intoMemorySegment(y, (room + i) * 4, LE);
            e.intoArray(exponentials, first + i);
            sums = sums.add(e);
        }
        sums.intoArray(lanes, 0);
        pieceSum = Lanes.sum(lanes);
        most = Math.max(most, tops.reduceLanes(VectorOperators.MAX));
    }

    /// Replaces the exponentials of piece `p` by those of `x - peak`.
    ///
    /// @return their sum
    private float differences(int p, int n, MemorySegment x, long at, float peak) {
        Lanes.known(x);
        int first = p * length;
        var sums = FloatVector.zero(F32);
        for (int i = 0; i < n; i += COUNT) {
            var v = FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE);
            var e = VectorMath.boundedExp(v.sub(peak));
            e.intoArray(exponentials, first + i);
            sums = sums.add(e);
        }
        sums.intoArray(lanes, 0);
        return Lanes.sum(lanes);
    }

    private void scale(int p, int n, MemorySegment y, long room) {
        Lanes.known(y);
        float[] exponentials = this.exponentials;
        int first = p * length;
        var factors = FloatVector.broadcast(F32, factor);
        for (int i = 0; i < n; i += COUNT)
            FloatVector.fromArray(F32, exponentials, first + i)
                    .mul(factors)
                    .intoMemorySegment(y, (room + i) * 4, LE);
    }
}
