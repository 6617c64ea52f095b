package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.SoftmaxBackward;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// One sweep over memory: the loop that writes a row of `dx` also takes the next row's `Σ dy · y`.
final class SoftmaxBackwardKernel {
    private final RowWindow y;
    private final RowWindow dy;
    private final RowWindow dx;
    private final int cols;
    private final float[] lanes = new float[COUNT];

    /// What one worker needs.
    private SoftmaxBackwardKernel(SoftmaxBackward op) {
        this.y = new RowWindow(op.y(), op.cols());
        this.dy = new RowWindow(op.dy(), op.cols());
        this.dx = new RowWindow(op.dx(), op.cols());
        this.cols = op.cols();
    }

    static Launch bind(SoftmaxBackward op, Workers workers) {
        var team = new SoftmaxBackwardKernel[workers.threads()];
        Arrays.setAll(team, i -> new SoftmaxBackwardKernel(op));
        int rows = SoftmaxKernels.rowsPerTask(op.rows(), op.cols());
        int tasks = Math.ceilDiv(op.rows(), rows);
        Workers.Task task =
                (t, worker) -> team[worker].run(t * rows, Math.min(op.rows(), (t + 1) * rows));
        return _ -> workers.run(tasks, task);
    }

    private void run(int from, int to) {
        y.lookAhead((long) from * cols, cols);
        dy.lookAhead((long) from * cols, cols);
        float dot = dot();
        for (int r = from; r < to; r++) {
            long row = (long) r * cols;
            y.step();
            dy.step();
            if (r + 1 < to) {
                y.lookAhead(row + cols, cols);
                dy.lookAhead(row + cols, cols);
            }
            dot = gradient(dot, row);
            dx.write(row, cols);
        }
    }

    /// `Σ dy · y` of the next row.
    private float dot() {
        MemorySegment y = this.y.memory();
        MemorySegment dy = this.dy.memory();
        long nextY = this.y.next();
        long nextDy = this.dy.next();
        int n = cols;
        var total = FloatVector.zero(F32);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT)
            total =
                    FloatVector.fromMemorySegment(F32, dy, (nextDy + i) * 4, LE)
                            .fma(FloatVector.fromMemorySegment(F32, y, (nextY + i) * 4, LE), total);
        total.intoArray(lanes, 0);
        float sum = Lanes.sum(lanes);
        for (; i < n; i++)
            sum += dy.getAtIndex(JAVA_FLOAT, nextDy + i) * y.getAtIndex(JAVA_FLOAT, nextY + i);
        return sum;
    }

    /// `dx = y · (dy - dot)` of one row.
    ///
    /// @return `Σ dy · y` of the next
    private float gradient(float dot, long row) {
        MemorySegment y = this.y.memory();
        MemorySegment dy = this.dy.memory();
        MemorySegment dx = this.dx.memory();
        long atY = this.y.at();
        long atDy = this.dy.at();
        long nextY = this.y.next();
        long nextDy = this.dy.next();
        long out = this.dx.room(row);
        int n = cols;
        var dots = FloatVector.broadcast(F32, dot);
        var total = FloatVector.zero(F32);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            total =
                    FloatVector.fromMemorySegment(F32, dy, (nextDy + i) * 4, LE)
                            .fma(FloatVector.fromMemorySegment(F32, y, (nextY + i) * 4, LE), total);
            FloatVector.fromMemorySegment(F32, dy, (atDy + i) * 4, LE)
                    .sub(dots)
                    .mul(FloatVector.fromMemorySegment(F32, y, (atY + i) * 4, LE))
                    .intoMemorySegment(dx, (out + i) * 4, LE);
        }
        total.intoArray(lanes, 0);
        float sum = Lanes.sum(lanes);
        for (; i < n; i++) {
            sum += dy.getAtIndex(JAVA_FLOAT, nextDy + i) * y.getAtIndex(JAVA_FLOAT, nextY + i);
            float difference = dy.getAtIndex(JAVA_FLOAT, atDy + i) - dot;
            dx.setAtIndex(JAVA_FLOAT, out + i, difference * y.getAtIndex(JAVA_FLOAT, atY + i));
        }
        return sum;
    }
}
