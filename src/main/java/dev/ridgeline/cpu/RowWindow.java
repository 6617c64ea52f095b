package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.BF16;
import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.I32;
import static dev.ridgeline.cpu.Lanes.LE;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// One worker's way through the rows of a contiguous matrix as f32: the matrix itself where it is
/// f32, and where it is bf16 two rows of it, small enough for the first-level cache.
///
/// So the loops that compute know one dtype. A loop that chooses between two ran at a third of the
/// speed once it had seen both, because C2 does not keep a vector in a register across the choice.
/// For the same reason these loops call the Vector API alone: past 18000 nodes C2 stops inlining
/// every method but the API's, wherever the limit happens to fall, and a vector that crosses a call
/// is an allocation.
final class RowWindow {
    private final MemorySegment stored;
    private final long origin;
    private final boolean direct;
    private final MemorySegment memory;
    private final int length;
    private long at;
    private long next;

    /// @param length elements of the longest part of a row that is asked for
    RowWindow(Tensor t, int length) {
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
        return memory;
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
        if (direct) {
            next = origin + i;
        } else {
            next = next == 0 ? length : 0;
            widen(stored, origin + i, memory, next, n);
        }
    }

    /// Index to write elements from `i` on at, before a [#write].
    long room(long i) {
        return direct ? origin + i : 0;
    }

    /// Stores what was written at `room(i)` as elements `[i, i + n)` of the matrix.
    void write(long i, int n) {
        if (!direct) narrow(memory, 0, stored, origin + i, n);
    }

    private static void widen(MemorySegment from, long at, MemorySegment to, long out, int n) {
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            var half = ShortVector.fromMemorySegment(BF16, from, (at + i) * 2, LE);
            var bits = (IntVector) half.convertShape(VectorOperators.ZERO_EXTEND_S2I, I32, 0);
            bits.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(to, (out + i) * 4, LE);
        }
        for (; i < n; i++)
            Lanes.set(DType.F32, Lanes.get(DType.BF16, from, at + i), to, out + i);
    }

    private static void narrow(MemorySegment from, long at, MemorySegment to, long out, int n) {
        var one = IntVector.broadcast(I32, 1);
        var half = IntVector.broadcast(I32, 0x7fff);
        var quiet = IntVector.broadcast(I32, 0x400000);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            var value = FloatVector.fromMemorySegment(F32, from, (at + i) * 4, LE);
            var bits = value.reinterpretAsInts();
            var rounded = bits.lanewise(VectorOperators.LSHR, 16).and(one).add(bits).add(half);
            VectorMask<Integer> nan = value.test(VectorOperators.IS_NAN).cast(I32);
            var kept = rounded.blend(bits.or(quiet), nan).lanewise(VectorOperators.LSHR, 16);
            ((ShortVector) kept.convertShape(VectorOperators.I2S, BF16, 0))
                    .intoMemorySegment(to, (out + i) * 2, LE);
        }
        for (; i < n; i++)
            Lanes.set(DType.BF16, Lanes.get(DType.F32, from, at + i), to, out + i);
    }

    /// All of `t` as f32: for weights, which every row needs.
    static void copy(Tensor t, float[] to) {
        var memory = HostBuffer.segment(t);
        for (int i = 0; i < to.length; i++) to[i] = Lanes.get(t.dtype(), memory, t.offset() + i);
    }
}
