package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.RmsNormBackward;
import dev.ridgeline.tensor.HostBuffer;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/// One sweep over memory, as [RmsNormKernel]: the loop that writes a row of `dx` and adds to
/// `dweight` also takes the next row's projection `Σ dy · weight · x`.
final class RmsNormBackwardKernel {
    private final RmsNormBackward op;
    private final RowWindow x;
    private final RowWindow dy;
    private final RowWindow dx;
    private final MemorySegment rstd;
    private final Optional<ResidualRow> residual;
    private final float[] weight;
    private final NormColumnSums dweight;
    private final float[] lanes = new float[COUNT];

    /// What one worker needs.
    private RmsNormBackwardKernel(RmsNormBackward op, float[] weight, NormColumnSums dweight) {
        this.op = op;
        this.x = new RowWindow(op.x(), op.cols());
        this.dy = new RowWindow(op.dy(), op.cols());
        this.dx = new RowWindow(op.dx(), op.cols());
        this.rstd = HostBuffer.segment(op.rstd());
        this.residual = op.residual().map(t -> new ResidualRow(t, op.cols()));
        this.weight = weight;
        this.dweight = dweight;
    }

    static Launch bind(RmsNormBackward op, Workers workers) {
        var weight = new float[op.cols()];
        var dweight = new NormColumnSums(op.x(), op.dweight());
        var team = new RmsNormBackwardKernel[workers.threads()];
        Arrays.setAll(team, i -> new RmsNormBackwardKernel(op, weight, dweight));
        Workers.Task task = (block, worker) -> team[worker].run(block);
        return _ -> {
            RowWindow.arrange(op.weight(), op.x().dtype(), weight);
            workers.run(dweight.blocks(), task);
            dweight.addToTotal(workers);
        };
    }

    private void run(int block) {
        float[] sums = dweight.start(block);
        int cols = weight.length;
        int from = dweight.first(block);
        int to = dweight.first(block + 1);
        x.lookAhead((long) from * cols, cols);
        dy.lookAhead((long) from * cols, cols);
        float projection = projection();
        for (int r = from; r < to; r++) {
            float scale = rstd.getAtIndex(JAVA_FLOAT, op.rstd().offset() + r);
            long row = (long) r * cols;
            x.step();
            dy.step();
            if (r + 1 < to) {
                x.lookAhead(row + cols, cols);
                dy.lookAhead(row + cols, cols);
            }
            if (residual.isPresent()) residual.get().hold(row, cols);
            projection = gradients(scale, projection * scale * scale / cols, row, sums);
            if (residual.isPresent()) residual.get().addTo(dx, dx.room(row), cols);
            dx.write(row, cols);
        }
    }

    /// `Σ dy · weight · x` of the next row.
    private float projection() {
        float[] weight = this.weight;
        MemorySegment x = this.x.memory();
        MemorySegment dy = this.dy.memory();
        long nextX = this.x.next();
        long nextDy = this.dy.next();
        int n = weight.length;
        var total = FloatVector.zero(F32);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT)
            total =
                    FloatVector.fromMemorySegment(F32, dy, (nextDy + i) * 4, LE)
                            .mul(FloatVector.fromArray(F32, weight, i))
                            .fma(FloatVector.fromMemorySegment(F32, x, (nextX + i) * 4, LE), total);
        total.intoArray(lanes, 0);
        float sum = Lanes.sum(lanes);
        for (; i < n; i++)
            sum +=
                    dy.getAtIndex(JAVA_FLOAT, nextDy + i)
                            * weight[i]
                            * x.getAtIndex(JAVA_FLOAT, nextX + i);
        return sum;
    }

    /// `dx = scale · (dy · weight - x · pull)` and `sums += dy · x · scale` of one row.
    ///
    /// @return the projection of the next
    private float gradients(float scale, float pull, long row, float[] sums) {
        float[] weight = this.weight;
        MemorySegment x = this.x.memory();
        MemorySegment dy = this.dy.memory();
        MemorySegment dx = this.dx.memory();
        long atX = this.x.at();
        long atDy = this.dy.at();
        long nextX = this.x.next();
        long nextDy = this.dy.next();
        long out = this.dx.room(row);
        int n = weight.length;
        var total = FloatVector.zero(F32);
        var scales = FloatVector.broadcast(F32, scale);
        var pulls = FloatVector.broadcast(F32, -pull);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            var weights = FloatVector.fromArray(F32, weight, i);
            total =
                    FloatVector.fromMemorySegment(F32, dy, (nextDy + i) * 4, LE)
                            .mul(weights)
                            .fma(FloatVector.fromMemorySegment(F32, x, (nextX + i) * 4, LE), total);
            var xs = FloatVector.fromMemorySegment(F32, x, (atX + i) * 4, LE);
            var dys = FloatVector.fromMemorySegment(F32, dy, (atDy + i) * 4, LE);
            xs.fma(pulls, dys.mul(weights)).mul(scales).intoMemorySegment(dx, (out + i) * 4, LE);
            dys.mul(scales).fma(xs, FloatVector.fromArray(F32, sums, i)).intoArray(sums, i);
        }
        total.intoArray(lanes, 0);
        float sum = Lanes.sum(lanes);
        for (; i < n; i++) {
            sum +=
                    dy.getAtIndex(JAVA_FLOAT, nextDy + i)
                            * weight[i]
                            * x.getAtIndex(JAVA_FLOAT, nextX + i);
            float xi = x.getAtIndex(JAVA_FLOAT, atX + i);
            float dyi = dy.getAtIndex(JAVA_FLOAT, atDy + i);
            dx.setAtIndex(JAVA_FLOAT, out + i, (dyi * weight[i] - xi * pull) * scale);
            sums[i] += dyi * xi * scale;
        }
        return sum;
    }
}
