package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.tensor.HostBuffer;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// One sweep over memory, as [RmsNormKernel]: the loop that writes a row also sums the next one.
/// The variance takes a second look at that row, in the first-level cache, because the difference
/// of mean square and squared mean cancels where the mean is large.
final class LayerNormKernel {
    private final LayerNorm op;
    private final RowWindow x;
    private final RowWindow y;
    private final MemorySegment mean;
    private final MemorySegment rstd;
    private final float[] weight;
    private final float[] bias;

    /// What one worker needs.
    private LayerNormKernel(LayerNorm op, float[] weight, float[] bias) {
        this.op = op;
        this.x = new RowWindow(op.x(), op.cols());
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
            RowWindow.copy(op.weight(), weight);
            RowWindow.copy(op.bias(), bias);
            workers.run(tasks, task);
        };
    }

    private void run(int from, int to) {
        int cols = weight.length;
        x.lookAhead((long) from * cols, cols);
        float sum = sum(x.memory(), x.next(), cols);
        for (int r = from; r < to; r++) {
            x.step();
            float centre = sum / cols;
            float squares = deviations(x.memory(), x.at(), centre, cols);
            float scale = (float) (1 / Math.sqrt(squares / cols + op.eps()));
            mean.setAtIndex(JAVA_FLOAT, op.mean().offset() + r, centre);
            rstd.setAtIndex(JAVA_FLOAT, op.rstd().offset() + r, scale);
            long row = (long) r * cols;
            if (r + 1 < to) x.lookAhead(row + cols, cols);
            sum = normalise(centre, scale, row);
            y.write(row, cols);
        }
    }

    private static float sum(MemorySegment x, long at, int n) {
        var a = FloatVector.zero(F32);
        var b = FloatVector.zero(F32);
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            a = a.add(FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE));
            b = b.add(FloatVector.fromMemorySegment(F32, x, (at + i + COUNT) * 4, LE));
        }
        float sum = a.add(b).reduceLanes(VectorOperators.ADD);
        for (; i < n; i++) sum += x.getAtIndex(JAVA_FLOAT, at + i);
        return sum;
    }

    /// `Σ (x - centre)²`.
    private static float deviations(MemorySegment x, long at, float centre, int n) {
        var a = FloatVector.zero(F32);
        var b = FloatVector.zero(F32);
        var centres = FloatVector.broadcast(F32, centre);
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            var x0 = FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE).sub(centres);
            var x1 = FloatVector.fromMemorySegment(F32, x, (at + i + COUNT) * 4, LE).sub(centres);
            a = x0.fma(x0, a);
            b = x1.fma(x1, b);
        }
        float sum = a.add(b).reduceLanes(VectorOperators.ADD);
        for (; i < n; i++) {
            float v = x.getAtIndex(JAVA_FLOAT, at + i) - centre;
            sum = Math.fma(v, v, sum);
        }
        return sum;
    }

    /// `y = (x - centre) · scale · weight + bias` of one row.
    ///
    /// @return the sum of the next
    private float normalise(float centre, float scale, long row) {
        float[] weight = this.weight;
        float[] bias = this.bias;
        MemorySegment x = this.x.memory();
        MemorySegment y = this.y.memory();
        long at = this.x.at();
        long next = this.x.next();
        long out = this.y.room(row);
        int n = weight.length;
        var a = FloatVector.zero(F32);
        var b = FloatVector.zero(F32);
        var centres = FloatVector.broadcast(F32, centre);
        var scales = FloatVector.broadcast(F32, scale);
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            a = a.add(FloatVector.fromMemorySegment(F32, x, (next + i) * 4, LE));
            b = b.add(FloatVector.fromMemorySegment(F32, x, (next + i + COUNT) * 4, LE));
            FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE)
                    .sub(centres)
                    .mul(scales)
                    .fma(
                            FloatVector.fromArray(F32, weight, i),
                            FloatVector.fromArray(F32, bias, i))
                    .intoMemorySegment(y, (out + i) * 4, LE);
            FloatVector.fromMemorySegment(F32, x, (at + i + COUNT) * 4, LE)
                    .sub(centres)
                    .mul(scales)
                    .fma(
                            FloatVector.fromArray(F32, weight, i + COUNT),
                            FloatVector.fromArray(F32, bias, i + COUNT))
                    .intoMemorySegment(y, (out + i + COUNT) * 4, LE);
        }
        float sum = a.add(b).reduceLanes(VectorOperators.ADD);
        for (; i < n; i++) {
            sum += x.getAtIndex(JAVA_FLOAT, next + i);
            float normal = (x.getAtIndex(JAVA_FLOAT, at + i) - centre) * scale;
            y.setAtIndex(JAVA_FLOAT, out + i, Math.fma(normal, weight[i], bias[i]));
        }
        return sum;
    }
}
