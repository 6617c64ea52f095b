package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.tensor.HostBuffer;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// One sweep over memory: the loop that writes a row also sums the squares of the next one, so that
/// reads from memory go on while results go out.
final class RmsNormKernel {
    private final RmsNorm op;
    private final RowWindow x;
    private final RowWindow y;
    private final MemorySegment rstd;
    private final float[] weight;
    private final float[] lanes = new float[COUNT];

    /// What one worker needs.
    private RmsNormKernel(RmsNorm op, float[] weight) {
        this.op = op;
        this.x = RowWindow.of(op.x(), op.residual(), op.cols());
        this.y = new RowWindow(op.y(), op.cols());
        this.rstd = HostBuffer.segment(op.rstd());
        this.weight = weight;
    }

    static Launch bind(RmsNorm op, Workers workers) {
        var weight = new float[op.cols()];
        var team = new RmsNormKernel[workers.threads()];
        Arrays.setAll(team, i -> new RmsNormKernel(op, weight));
        int rows = NormKernels.rowsPerTask(op.rows(), op.cols());
        int tasks = Math.ceilDiv(op.rows(), rows);
        Workers.Task task =
                (t, worker) -> team[worker].run(t * rows, Math.min(op.rows(), (t + 1) * rows));
        return _ -> {
            RowWindow.arrange(op.weight(), op.x().dtype(), weight);
            workers.run(tasks, task);
        };
    }

    private void run(int from, int to) {
        int cols = weight.length;
        x.lookAhead((long) from * cols, cols);
        float squares = squares(x.memory(), x.next(), cols);
        for (int r = from; r < to; r++) {
            float scale = (float) (1 / Math.sqrt(squares / cols + op.eps()));
            rstd.setAtIndex(JAVA_FLOAT, op.rstd().offset() + r, scale);
            long row = (long) r * cols;
            x.step();
            if (r + 1 < to) x.lookAhead(row + cols, cols);
            squares = normalise(scale, row);
            y.write(row, cols);
        }
    }

    private float squares(MemorySegment x, long at, int n) {
        Lanes.known(x);
        var a = FloatVector.zero(F32);
        var b = FloatVector.zero(F32);
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            var x0 = FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE);
            var x1 = FloatVector.fromMemorySegment(F32, x, (at + i + COUNT) * 4, LE);
            a = x0.fma(x0, a);
            b = x1.fma(x1, b);
        }
        a.add(b).intoArray(lanes, 0);
        float sum = Lanes.sum(lanes);
        for (; i < n; i++) {
            float v = x.getAtIndex(JAVA_FLOAT, at + i);
            sum = Math.fma(v, v, sum);
        }
        return sum;
    }

    /// `y = x · scale · weight` of one row.
    ///
    /// @return the sum of squares of the next
    private float normalise(float scale, long row) {
        float[] weight = this.weight;
        MemorySegment x = this.x.memory();
        MemorySegment y = this.y.memory();
        long at = this.x.at();
        long next = this.x.next();
        long out = this.y.room(row);
        int n = weight.length;
        var a = FloatVector.zero(F32);
        var b = FloatVector.zero(F32);
        var scales = FloatVector.broadcast(F32, scale);
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            var next0 = FloatVector.fromMemorySegment(F32, x, (next + i) * 4, LE);
            var next1 = FloatVector.fromMemorySegment(F32, x, (next + i + COUNT) * 4, LE);
            a = next0.fma(next0, a);
            b = next1.fma(next1, b);
            FloatVector.fromMemorySegment(F32, x, (at + i) * 4, LE)
                    .mul(scales)
                    .mul(FloatVector.fromArray(F32, weight, i))
                    .intoMemorySegment(y, (out + i) * 4, LE);
            FloatVector.fromMemorySegment(F32, x, (at + i + COUNT) * 4, LE)
                    .mul(scales)
                    .mul(FloatVector.fromArray(F32, weight, i + COUNT))
                    .intoMemorySegment(y, (out + i + COUNT) * 4, LE);
        }
        a.add(b).intoArray(lanes, 0);
        float sum = Lanes.sum(lanes);
        for (; i < n; i++) {
            float v = x.getAtIndex(JAVA_FLOAT, next + i);
            sum = Math.fma(v, v, sum);
            y.setAtIndex(JAVA_FLOAT, out + i, x.getAtIndex(JAVA_FLOAT, at + i) * scale * weight[i]);
        }
        return sum;
    }
}
