package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.tensor.HostBuffer;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// One sweep over memory, as [RmsNormKernel]: the loop that writes a row also takes the sums of the
/// next one, of differences to its first element and of their squares.
///
/// Where that element is so far from the mean that rounding would tell, the row's sums are taken
/// again, of differences to the mean just found.
final class LayerNormKernel {
    /// Squared distance to the mean, in variances, that is too far: it and 1 are how much larger
    /// than the variance the mean square is of which it is a part.
    private static final float FAR = 8;

    private final LayerNorm op;
    private final RowWindow x;
    private final RowWindow y;
    private final MemorySegment mean;
    private final MemorySegment rstd;
    private final float[] weight;
    private final float[] bias;
    private final float[] lanes = new float[COUNT];
    // of the next row, until it is the one computed with: its first element, Σ (x - origin) and
    // Σ (x - origin)²
    private float origin;
    private float sum;
    private float squares;

    /// What one worker needs.
    private LayerNormKernel(LayerNorm op, float[] weight, float[] bias) {
        this.op = op;
        this.x = RowWindow.of(op.x(), op.residual(), op.cols());
        this.y = new RowWindow(op.y(), op.cols());
        this.mean = HostBuffer.segment(op.mean());
        this.rstd = HostBuffer.segment(op.rstd());
        this.weight = weight;
        this.bias = bias;
    }

    static Launch bind(LayerNorm op, Workers workers) {
        var weight = new float[op.cols()];
        var bias = new float[op.cols()];
        var team = new LayerNormKernel[workers.threads()];
        Arrays.setAll(team, i -> new LayerNormKernel(op, weight, bias));
        int rows = NormKernels.rowsPerTask(op.rows(), op.cols());
        int tasks = Math.ceilDiv(op.rows(), rows);
        Workers.Task task =
                (t, worker) -> team[worker].run(t * rows, Math.min(op.rows(), (t + 1) * rows));
        return _ -> {
            RowWindow.arrange(op.weight(), op.x().dtype(), weight);
            RowWindow.arrange(op.bias(), op.x().dtype(), bias);
            workers.run(tasks, task);
        };
    }

    private void run(int from, int to) {
        int cols = weight.length;
        x.lookAhead((long) from * cols, cols);
        sums(x.next(), x.memory().getAtIndex(JAVA_FLOAT, x.next()));
        for (int r = from; r < to; r++) {
            x.step();
            if (distance() * distance() > FAR * variance()) sums(x.at(), origin + distance());
            float centre = origin + distance();
            float scale = (float) (1 / Math.sqrt(variance() + op.eps()));
            mean.setAtIndex(JAVA_FLOAT, op.mean().offset() + r, centre);
            rstd.setAtIndex(JAVA_FLOAT, op.rstd().offset() + r, scale);
            long row = (long) r * cols;
            if (r + 1 < to) x.lookAhead(row + cols, cols);
            normalise(centre, scale, row);
            y.write(row, cols);
        }
    }

    /// From the origin to the mean.
    private float distance() {
        return sum / weight.length;
    }

    private float variance() {
        return squares / weight.length - distance() * distance();
    }

    /// Takes the sums of the row at `at`.
    private void sums(long at, float origin) {
        MemorySegment x = this.x.memory();
        int n = weight.length;
        var origins = FloatVector.broadcast(F32, origin);
        var a = FloatVector.zero(F32);
        var b = FloatVector.zero(F32);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            var v = FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE).sub(origins);
            a = a.add(v);
            b = v.fma(v, b);
        }
        a.intoArray(lanes, 0);
        float sum = Lanes.sum(lanes);
        b.intoArray(lanes, 0);
        float squares = Lanes.sum(lanes);
        for (; i < n; i++) {
            float v = x.getAtIndex(JAVA_FLOAT, at + i) - origin;
            sum += v;
            squares = Math.fma(v, v, squares);
        }
        this.origin = origin;
        this.sum = sum;
        this.squares = squares;
    }

    /// `y = (x - centre) · scale · weight + bias` of one row; and takes the sums of the next.
    private void normalise(float centre, float scale, long row) {
        float[] weight = this.weight;
        float[] bias = this.bias;
        MemorySegment x = this.x.memory();
        MemorySegment y = this.y.memory();
        long at = this.x.at();
        long next = this.x.next();
        long out = this.y.room(row);
        int n = weight.length;
        float origin = x.getAtIndex(JAVA_FLOAT, next);
        var origins = FloatVector.broadcast(F32, origin);
        var centres = FloatVector.broadcast(F32, centre);
        var scales = FloatVector.broadcast(F32, scale);
        var a = FloatVector.zero(F32);
        var b = FloatVector.zero(F32);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            var v = FloatVector.fromMemorySegment(F32, x, (next + i) * 4, LE).sub(origins);
            a = a.add(v);
            b = v.fma(v, b);
            FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE)
                    .sub(centres)
                    .mul(scales)
                    .fma(FloatVector.fromArray(F32, weight, i), FloatVector.fromArray(F32, bias, i))
                    .intoMemorySegment(y, (out + i) * 4, LE);
        }
        a.intoArray(lanes, 0);
        float sum = Lanes.sum(lanes);
        b.intoArray(lanes, 0);
        float squares = Lanes.sum(lanes);
        for (; i < n; i++) {
            float v = x.getAtIndex(JAVA_FLOAT, next + i) - origin;
            sum += v;
            squares = Math.fma(v, v, squares);
            float normal = (x.getAtIndex(JAVA_FLOAT, at + i) - centre) * scale;
            y.setAtIndex(JAVA_FLOAT, out + i, Math.fma(normal, weight[i], bias[i]));
        }
        this.origin = origin;
        this.sum = sum;
        this.squares = squares;
    }
}
