package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.I32;
import static dev.ridgeline.cpu.Lanes.LE;

import dev.ridgeline.op.Residual;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// One worker's way through the rows of a contiguous matrix as f32: the matrix itself where it is
/// f32, and where it is bf16 two rows of it, small enough for the first-level cache.
///
/// Of bf16 the elements with even numbers come first, then those with odd ones, then what fills no
/// two vectors: two bf16 read as one int come apart and together again without instructions that
/// cross lanes.
///
/// So the loops that compute know one dtype. A loop that chooses between two ran at a third of the
/// speed once it had seen both, because C2 does not keep a vector in a register across the choice.
/// For the same reason these loops call the Vector API alone: past 18000 nodes C2 stops inlining
/// every method but the API's, wherever the limit happens to fall, and a vector that crosses a call
/// is an allocation.
final class RowWindow {
    private static final int UPPER = 0xffff0000;

    private final MemorySegment stored;
    private final long origin;
    private final boolean direct;
    private final MemorySegment memory;
    private final int length;
    private final Optional<RowSum> sum;
    private long at;
    private long next;

    /// @param length elements of the longest part of a row that is asked for
    RowWindow(Tensor t, int length) {
        this(t, length, Optional.empty());
    }

    /// On `x`, or on its sum with a residual, each part of which is computed when it is asked for.
    static RowWindow of(Tensor x, Optional<Residual> residual, int length) {
        return residual.map(
                        r -> new RowWindow(r.sum(), length, Optional.of(new RowSum(x, r, length))))
                .orElseGet(() -> new RowWindow(x, length));
    }

    private RowWindow(Tensor t, int length, Optional<RowSum> sum) {
        this.sum = sum;
        this.stored = HostBuffer.segment(t);
        this.origin = t.offset();
        this.direct = t.dtype() == DType.F32;
        this.length = Math.ceilDiv(length, COUNT) * COUNT;
        this.memory =
                direct
                        ? stored
                        : Arena.ofAuto()
                                .allocate(2L * this.length * Float.BYTES, HostBuffer.ALIGNMENT);
    }

    /// Where the elements are that `at`, `next` and `room` point at.
    MemorySegment memory() {
        var known = memory;
        Lanes.known(known);
        return known;
    }

    /// Index of the part that is computed with.
    long at() {
        return at;
    }

    /// Index of the part after it, or of the same where none was asked for.
    long next() {
        return next;
    }

    /// The part after becomes the one that is computed with.
    void step() {
        at = next;
    }

    /// Makes elements `[i, i + n)` of the matrix the part after.
    void lookAhead(long i, int n) {
        if (sum.isPresent()) sum.get().compute(i, n);
        if (direct) {
            next = origin + i;
        } else {
            next = next == 0 ? length : 0;
            split(stored, origin + i, memory, next, n);
        }
    }

    /// Index to write elements from `i` on at, before a [#write].
    long room(long i) {
        return direct ? origin + i : 0;
    }

    /// Stores what was written at `room(i)` as elements `[i, i + n)` of the matrix.
    void write(long i, int n) {
        if (!direct) join(memory, 0, stored, origin + i, n);
    }

    /// Which element of a row of `n` of that dtype is at position `p` of a window.
    static int element(DType dtype, int p, int n) {
        int half = dtype == DType.F32 ? 0 : half(n);
        return p < half ? 2 * p : p < 2 * half ? 2 * (p - half) + 1 : p;
    }

    /// All of `t` as f32, in the order of windows on rows of `rows`: for weights, of which every
    /// row needs all.
    static void arrange(Tensor t, DType rows, float[] to) {
        var memory = HostBuffer.segment(t);
        for (int p = 0; p < to.length; p++)
            to[p] = Lanes.get(t.dtype(), memory, t.offset() + element(rows, p, to.length));
    }

    private static int half(int n) {
        return n / (2 * COUNT) * COUNT;
    }

    static void split(MemorySegment from, long at, MemorySegment to, long out, int n) {
        Lanes.known(from);
        Lanes.known(to);
        var upper = IntVector.broadcast(I32, UPPER);
        int half = half(n);
        for (int i = 0; i < half; i += COUNT) {
            var pairs = IntVector.fromMemorySegment(I32, from, (at + 2 * i) * 2, LE);
            pairs.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(to, (out + i) * 4, LE);
            pairs.and(upper).intoMemorySegment(to, (out + half + i) * 4, LE);
        }
        for (int i = 2 * half; i < n; i++)
            Lanes.set(DType.F32, Lanes.get(DType.BF16, from, at + i), to, out + i);
    }

    static void join(MemorySegment from, long at, MemorySegment to, long out, int n) {
        Lanes.known(from);
        Lanes.known(to);
        var one = IntVector.broadcast(I32, 1);
        var below = IntVector.broadcast(I32, 0x7fff);
        var quiet = IntVector.broadcast(I32, 0x400000);
        var upper = IntVector.broadcast(I32, UPPER);
        int half = half(n);
        for (int i = 0; i < half; i += COUNT) {
            var even = FloatVector.fromMemorySegment(F32, from, (at + i) * 4, LE);
            var a = even.reinterpretAsInts();
            var roundedEven =
                    a.lanewise(VectorOperators.LSHR, 16)
                            .and(one)
                            .add(a)
                            .add(below)
                            .blend(a.or(quiet), even.compare(VectorOperators.NE, even).cast(I32));
            var odd = FloatVector.fromMemorySegment(F32, from, (at + half + i) * 4, LE);
            var b = odd.reinterpretAsInts();
            var roundedOdd =
                    b.lanewise(VectorOperators.LSHR, 16)
                            .and(one)
                            .add(b)
                            .add(below)
                            .blend(b.or(quiet), odd.compare(VectorOperators.NE, odd).cast(I32));
            roundedEven
                    .lanewise(VectorOperators.LSHR, 16)
                    .or(roundedOdd.and(upper))
                    .intoMemorySegment(to, (out + 2 * i) * 2, LE);
        }
        for (int i = 2 * half; i < n; i++)
            Lanes.set(DType.BF16, Lanes.get(DType.F32, from, at + i), to, out + i);
    }
}
