package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;

/// Sums of squares, block by block: f32 lanes in a block, f64 from there on, always in the same
/// order.
final class SquareSums implements Launch {
    /// Elements of a block: a lane then adds few enough terms for f32.
    private static final int BLOCK = 1 << 16;

    private final Workers workers;
    private final Workers.Task task = this::block;
    private final SquaredNorm op;
    private final MemorySegment x;
    private final MemorySegment sum;
    private final DType dtype;
    private final long count;
    private final double[] blocks;

    SquareSums(Workers workers, SquaredNorm op) {
        this.workers = workers;
        this.op = op;
        this.x = HostBuffer.segment(op.x());
        this.sum = HostBuffer.segment(op.sum());
        this.dtype = op.x().dtype();
        this.count = op.x().count();
        this.blocks = new double[Math.toIntExact(Math.ceilDiv(count, BLOCK))];
    }

    @Override
    public void on(Stream stream) {
        workers.run(blocks.length, task);
        double total = 0;
        for (double block : blocks) total += block;
        Lanes.set(DType.F32, (float) total, sum, op.sum().offset());
    }

    private void block(int number, int worker) {
        long from = op.x().offset() + (long) number * BLOCK;
        long to = op.x().offset() + Math.min(count, (number + 1L) * BLOCK);
        long whole = from + (to - from) / (2 * Lanes.COUNT) * (2 * Lanes.COUNT);
        float[] lanes = new float[Lanes.COUNT];
        (dtype == DType.F32 ? wholeF32(from, whole) : wholeBf16(from, whole)).intoArray(lanes, 0);
        double squares = Lanes.sum(lanes);
        for (long i = whole; i < to; i++) {
            double value = Lanes.get(dtype, x, i);
            squares += value * value;
        }
        blocks[number] = squares;
    }

    private FloatVector wholeF32(long from, long to) {
        var memory = Lanes.known(x);
        var even = FloatVector.zero(Lanes.F32);
        var odd = FloatVector.zero(Lanes.F32);
        for (long i = from; i < to; i += 2 * Lanes.COUNT) {
            var a = Lanes.loadF32(memory, i);
            var b = Lanes.loadF32(memory, i + Lanes.COUNT);
            even = a.fma(a, even);
            odd = b.fma(b, odd);
        }
        return even.add(odd);
    }

    private FloatVector wholeBf16(long from, long to) {
        var memory = Lanes.known(x);
        var even = FloatVector.zero(Lanes.F32);
        var odd = FloatVector.zero(Lanes.F32);
        for (long i = from; i < to; i += 2 * Lanes.COUNT) {
            var pairs = Lanes.loadPairs(memory, i);
            var a = Lanes.even(pairs);
            var b = Lanes.odd(pairs);
            even = a.fma(a, even);
            odd = b.fma(b, odd);
        }
        return even.add(odd);
    }
}
