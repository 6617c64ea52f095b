package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Rope;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// [Rope] with a table of the turns, (T, D / 2) cosines and sines, that all heads and batch entries
/// share.
///
/// The table belongs to the bound launch. It is made from angles in double, because `position ·
/// frequency` in f32 is off by a thousandth of a turn after ten thousand positions, and made again
/// only when a launch finds other frequencies than the last one.
final class RopeTable implements Launch {
    private static final int TASK_ELEMENTS = 1 << 15;

    private final Workers workers;
    private final Workers.Task turn = this::turn;
    private final Workers.Task fill = this::fill;
    private final DType dtype;
    private final MemorySegment x;
    private final MemorySegment y;
    private final MemorySegment frequencies;
    private final Tensor xView;
    private final Tensor yView;
    private final long frequenciesAt;
    private final int firstPosition;
    private final double sign;
    private final int heads;
    private final int half;

    /// How much of a half row the vector loops take.
    private final int whole;

    private final int positions;
    private final int positionsPerTask;
    private final int tasksPerEntry;
    private final int tasks;
    private final float[] known;
    private final float[] cos;
    private final float[] sin;

    RopeTable(Workers workers, Rope op) {
        this.workers = workers;
        this.dtype = op.x().dtype();
        this.x = HostBuffer.segment(op.x());
        this.y = HostBuffer.segment(op.y());
        this.frequencies = HostBuffer.segment(op.frequencies());
        this.frequenciesAt = op.frequencies().offset();
        this.xView = op.x();
        this.yView = op.y();
        this.firstPosition = op.firstPosition();
        this.sign = op.inverse() ? -1 : 1;
        this.heads = op.x().dim(1);
        this.positions = op.x().dim(2);
        this.half = op.x().dim(3) / 2;
        this.whole = Lanes.F32.loopBound(half);
        this.positionsPerTask = Math.max(1, TASK_ELEMENTS / (2 * half * heads));
        this.tasksPerEntry = Math.ceilDiv(positions, positionsPerTask);
        this.tasks = Math.multiplyExact(tasksPerEntry, op.x().dim(0));
        this.known = new float[half];
        this.cos = new float[Math.multiplyExact(positions, half)];
        this.sin = new float[cos.length];
        Arrays.fill(known, Float.NaN);
    }

    @Override
    public void on(Stream stream) {
        if (!knows()) workers.run(tasksPerEntry, fill);
        workers.run(tasks, turn);
    }

    /// Whether the table is that of these frequencies; notes them if not.
    private boolean knows() {
        boolean same = true;
        for (int i = 0; i < half; i++) {
            float frequency = Lanes.get(DType.F32, frequencies, frequenciesAt + i);
            same &= Float.floatToRawIntBits(frequency) == Float.floatToRawIntBits(known[i]);
            known[i] = frequency;
        }
        return same;
    }

    private void fill(int task, int worker) {
        int from = task * positionsPerTask;
        int to = Math.min(positions, from + positionsPerTask);
        for (int t = from; t < to; t++) {
            for (int i = 0; i < half; i++) {
                double angle = ((double) firstPosition + t) * known[i];
                cos[t * half + i] = (float) Math.cos(angle);
                sin[t * half + i] = (float) (sign * Math.sin(angle));
            }
        }
    }

    /// Walks the heads of a position or the positions of a head, whichever lie closer together.
    private void turn(int task, int worker) {
        int entry = task / tasksPerEntry;
        int from = task % tasksPerEntry * positionsPerTask;
        int to = Math.min(positions, from + positionsPerTask);
        if (xView.stride(1) < xView.stride(2)) {
            for (int t = from; t < to; t++)
                rows(heads, at(xView, entry, 0, t), at(yView, entry, 0, t), 1, t * half, 0);
        } else {
            for (int h = 0; h < heads; h++)
                rows(
                        to - from,
                        at(xView, entry, h, from),
                        at(yView, entry, h, from),
                        2,
                        from * half,
                        half);
        }
    }

    private static long at(Tensor t, int entry, int head, int position) {
        return t.offset()
                + entry * t.stride(0)
                + head * t.stride(1)
                + (long) position * t.stride(2);
    }

    /// Turns `count` rows that follow each other along `axis`, and in the table at `step`.
    private void rows(int count, long xAt, long yAt, int axis, int turnAt, int step) {
        long xStep = xView.stride(axis);
        long yStep = yView.stride(axis);
        if (dtype == DType.F32) vectors(count, xAt, xStep, yAt, yStep, turnAt, step);
        else halfVectors(count, xAt, xStep, yAt, yStep, turnAt, step);
        if (whole < half)
            for (int r = 0; r < count; r++)
                tail(xAt + r * xStep, yAt + r * yStep, turnAt + r * step);
    }

    /// One loop over the vectors of all rows: a row has as few as two, too few for a loop of its
    /// own.
    private void vectors(
            int count, long xAt, long xStep, long yAt, long yStep, int turnAt, int step) {
        var from = Lanes.known(x);
        var to = Lanes.known(y);
        long vectors = (long) count * (whole / Lanes.COUNT);
        int i = 0;
        for (long v = 0; v < vectors; v++) {
            var c = FloatVector.fromArray(Lanes.F32, cos, turnAt + i);
            var s = FloatVector.fromArray(Lanes.F32, sin, turnAt + i);
            var low = Lanes.loadF32(from, xAt + i);
            var high = Lanes.loadF32(from, xAt + half + i);
            Lanes.storeF32(low.mul(c).sub(high.mul(s)), to, yAt + i);
            Lanes.storeF32(high.mul(c).add(low.mul(s)), to, yAt + half + i);
            i += Lanes.COUNT;
            if (i < whole) continue;
            i = 0;
            xAt += xStep;
            yAt += yStep;
            turnAt += step;
        }
    }

    /// [#vectors] for bf16. By pairs it would be too large a body for C2 to inline.
    private void halfVectors(
            int count, long xAt, long xStep, long yAt, long yStep, int turnAt, int step) {
        var from = Lanes.known(x);
        var to = Lanes.known(y);
        long vectors = (long) count * (whole / Lanes.COUNT);
        int i = 0;
        for (long v = 0; v < vectors; v++) {
            var c = FloatVector.fromArray(Lanes.F32, cos, turnAt + i);
            var s = FloatVector.fromArray(Lanes.F32, sin, turnAt + i);
            var low = Lanes.loadBf16(from, xAt + i);
            var high = Lanes.loadBf16(from, xAt + half + i);
            Lanes.storeBf16(low.mul(c).sub(high.mul(s)), to, yAt + i);
            Lanes.storeBf16(high.mul(c).add(low.mul(s)), to, yAt + half + i);
            i += Lanes.COUNT;
            if (i < whole) continue;
            i = 0;
            xAt += xStep;
            yAt += yStep;
            turnAt += step;
        }
    }

    private void tail(long xAt, long yAt, int turnAt) {
        for (int i = whole; i < half; i++) {
            float c = cos[turnAt + i];
            float s = sin[turnAt + i];
            float low = Lanes.get(dtype, x, xAt + i);
            float high = Lanes.get(dtype, x, xAt + half + i);
            Lanes.set(dtype, low * c - high * s, y, yAt + i);
            Lanes.set(dtype, high * c + low * s, y, yAt + half + i);
        }
    }
}
