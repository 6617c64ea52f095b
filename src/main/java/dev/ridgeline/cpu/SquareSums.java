package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;

/// Sums of squares: f32 lanes in a run, f64 from there on, always in the same order.
final class SquareSums implements Launch {
    /// Elements of a task.
    private static final int BLOCK = 1 << 16;

    /// Elements of a run: a lane then adds at most 2^8 terms, whatever its width.
    private static final int RUN = 1 << 10;

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
        float[] lanes = new float[Lanes.COUNT];
        double squares = 0;
        for (long at = from; at < to; at += RUN) {
            long whole = at + Math.min(RUN, to - at) / (2 * Lanes.COUNT) * (2 * Lanes.COUNT);
            if (dtype == DType.F32) runF32(at, whole, lanes);
            else runBf16(at, whole, lanes);
            squares += Lanes.sum(lanes);
            for (long i = whole; i < Math.min(to, at + RUN); i++) {
                double value = Lanes.get(dtype, x, i);
                squares += value * value;
            }
        }
        blocks[number] = squares;
    }

    private void runF32(long from, long to, float[] lanes) {
        var memory = Lanes.known(x);
        var even = FloatVector.zero(Lanes.F32);
        var odd = FloatVector.zero(Lanes.F32);
        for (long i = from; i < to; i += 2 * Lanes.COUNT) {
            var a = Lanes.loadF32(memory, i);
            var b = Lanes.loadF32(memory, i + Lanes.COUNT);
            even = a.fma(a, even);
            odd = b.fma(b, odd);
        }
        even.add(odd).intoArray(lanes, 0);
    }

    private void runBf16(long from, long to, float[] lanes) {
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
        even.add(odd).intoArray(lanes, 0);
    }
}
