package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;
import static dev.ridgeline.cpu.Lanes.LE;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.tensor.HostBuffer;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/// One sweep over memory, as [RmsNormKernel]: the loop that writes a row of `dx` and adds to
/// `dweight` and `dbias` also takes the next row's `Σ g` and `Σ g · (x - mean)`, with `g = dy ·
/// weight`.
final class LayerNormBackwardKernel {
    private final LayerNormBackward op;
    private final RowWindow x;
    private final RowWindow dy;
    private final RowWindow dx;
    private final MemorySegment mean;
    private final MemorySegment rstd;
    private final Optional<ResidualRow> residual;
    private final float[] weight;
    private final NormColumnSums dweight;
    private final NormColumnSums dbias;
    private final float[] lanes = new float[COUNT];
    // of the next row: Σ g and Σ g · (x - mean)
    private float gradient;
    private float projection;

    /// What one worker needs.
    private LayerNormBackwardKernel(
            LayerNormBackward op, float[] weight, NormColumnSums dweight, NormColumnSums dbias) {
        this.op = op;
        this.x = new RowWindow(op.x(), op.cols());
        this.dy = new RowWindow(op.dy(), op.cols());
        this.dx = new RowWindow(op.dx(), op.cols());
        this.mean = HostBuffer.segment(op.mean());
        this.rstd = HostBuffer.segment(op.rstd());
        this.residual = op.residual().map(t -> new ResidualRow(t, op.cols()));
        this.weight = weight;
        this.dweight = dweight;
        this.dbias = dbias;
    }

    static Launch bind(LayerNormBackward op, Workers workers) {
        var weight = new float[op.cols()];
        var dweight = new NormColumnSums(op.x(), op.dweight());
        var dbias = new NormColumnSums(op.x(), op.dbias());
        var team = new LayerNormBackwardKernel[workers.threads()];
        Arrays.setAll(team, i -> new LayerNormBackwardKernel(op, weight, dweight, dbias));
        Workers.Task task = (block, worker) -> team[worker].run(block);
        return _ -> {
            RowWindow.arrange(op.weight(), op.x().dtype(), weight);
            workers.run(dweight.blocks(), task);
            dweight.addToTotal(workers);
            dbias.addToTotal(workers);
        };
    }

    private void run(int block) {
        float[] weightSums = dweight.start(block);
        float[] biasSums = dbias.start(block);
        int cols = weight.length;
        int from = dweight.first(block);
        int to = dweight.first(block + 1);
        x.lookAhead((long) from * cols, cols);
        dy.lookAhead((long) from * cols, cols);
        float centre = mean.getAtIndex(JAVA_FLOAT, op.mean().offset() + from);
        project(centre);
        for (int r = from; r < to; r++) {
            float scale = rstd.getAtIndex(JAVA_FLOAT, op.rstd().offset() + r);
            float nextCentre = centre;
            long row = (long) r * cols;
            x.step();
            dy.step();
            if (r + 1 < to) {
                x.lookAhead(row + cols, cols);
                dy.lookAhead(row + cols, cols);
                nextCentre = mean.getAtIndex(JAVA_FLOAT, op.mean().offset() + r + 1);
            }
            if (residual.isPresent()) residual.get().hold(row, cols);
            gradients(centre, scale, nextCentre, row, weightSums, biasSums);
            if (residual.isPresent()) residual.get().addTo(dx, dx.room(row), cols);
            dx.write(row, cols);
            centre = nextCentre;
        }
    }

    /// Takes the sums of the next row.
    private void project(float centre) {
        float[] weight = this.weight;
        MemorySegment x = this.x.memory();
        MemorySegment dy = this.dy.memory();
        long nextX = this.x.next();
        long nextDy = this.dy.next();
        int n = weight.length;
        var centres = FloatVector.broadcast(F32, centre);
        var a = FloatVector.zero(F32);
        var b = FloatVector.zero(F32);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            var g =
                    FloatVector.fromMemorySegment(F32, dy, (nextDy + i) * 4, LE)
                            .mul(FloatVector.fromArray(F32, weight, i));
            a = a.add(g);
            b = FloatVector.fromMemorySegment(F32, x, (nextX + i) * 4, LE).sub(centres).fma(g, b);
        }
        a.intoArray(lanes, 0);
        float gradient = Lanes.sum(lanes);
        b.intoArray(lanes, 0);
        float projection = Lanes.sum(lanes);
        for (; i < n; i++) {
            float g = dy.getAtIndex(JAVA_FLOAT, nextDy + i) * weight[i];
            gradient += g;
            projection += g * (x.getAtIndex(JAVA_FLOAT, nextX + i) - centre);
        }
        this.gradient = gradient;
        this.projection = projection;
    }

    /// `dx = scale · (g - mean(g) - x̂ · mean(g · x̂))` and the two column sums of one row, from
    /// its sums; and takes those of the next.
    private void gradients(
            float centre,
            float scale,
            float nextCentre,
            long row,
            float[] weightSums,
            float[] biasSums) {
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
        float shift = -scale * gradient / n;
        float pull = -scale * scale * projection / n;
        var centres = FloatVector.broadcast(F32, centre);
        var nextCentres = FloatVector.broadcast(F32, nextCentre);
        var scales = FloatVector.broadcast(F32, scale);
        var shifts = FloatVector.broadcast(F32, shift);
        var pulls = FloatVector.broadcast(F32, pull);
        var a = FloatVector.zero(F32);
        var b = FloatVector.zero(F32);
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            var weights = FloatVector.fromArray(F32, weight, i);
            var g = FloatVector.fromMemorySegment(F32, dy, (nextDy + i) * 4, LE).mul(weights);
            a = a.add(g);
            b =
                    FloatVector.fromMemorySegment(F32, x, (nextX + i) * 4, LE)
                            .sub(nextCentres)
                            .fma(g, b);
            var normal =
                    FloatVector.fromMemorySegment(F32, x, (atX + i) * 4, LE)
                            .sub(centres)
                            .mul(scales);
            var dys = FloatVector.fromMemorySegment(F32, dy, (atDy + i) * 4, LE);
            dys.mul(weights)
                    .fma(scales, normal.fma(pulls, shifts))
                    .intoMemorySegment(dx, (out + i) * 4, LE);
            dys.fma(normal, FloatVector.fromArray(F32, weightSums, i)).intoArray(weightSums, i);
            dys.add(FloatVector.fromArray(F32, biasSums, i)).intoArray(biasSums, i);
        }
        a.intoArray(lanes, 0);
        float gradient = Lanes.sum(lanes);
        b.intoArray(lanes, 0);
        float projection = Lanes.sum(lanes);
        for (; i < n; i++) {
            float g = dy.getAtIndex(JAVA_FLOAT, nextDy + i) * weight[i];
            gradient += g;
            projection += g * (x.getAtIndex(JAVA_FLOAT, nextX + i) - nextCentre);
            float normal = (x.getAtIndex(JAVA_FLOAT, atX + i) - centre) * scale;
            float dyi = dy.getAtIndex(JAVA_FLOAT, atDy + i);
            float dxi = dyi * weight[i] * scale + normal * pull + shift;
            dx.setAtIndex(JAVA_FLOAT, out + i, dxi);
            weightSums[i] += dyi * normal;
            biasSums[i] += dyi;
        }
        this.gradient = gradient;
        this.projection = projection;
    }
}
