package dev.ridgeline.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// [SoftmaxRows] of the rows that have a target. The element at the target, where 1 is subtracted,
/// is written again afterwards: in double, because it is a small difference when the model is sure.
final class CrossEntropyKernel {
    private final CrossEntropy op;
    private final SoftmaxRows rows;
    private final MemorySegment logits;
    private final MemorySegment targets;
    private final MemorySegment losses;
    private final MemorySegment dlogits;
    private final DType dtype;
    // where and what to write when the row taken last has been written; at first nowhere
    private long correctionAt;
    private float correction;

    /// What one worker needs.
    private CrossEntropyKernel(CrossEntropy op) {
        this.op = op;
        this.rows = new SoftmaxRows(op.logits(), op.dlogits());
        this.logits = HostBuffer.segment(op.logits());
        this.targets = HostBuffer.segment(op.targets());
        this.losses = HostBuffer.segment(op.losses());
        this.dlogits = HostBuffer.segment(op.dlogits());
        this.dtype = op.logits().dtype();
    }

    static Launch bind(CrossEntropy op, Workers workers) {
        var team = new CrossEntropyKernel[workers.threads()];
        Arrays.setAll(team, i -> new CrossEntropyKernel(op));
        int rows = SoftmaxKernels.rowsPerTask(op.rows(), op.cols());
        int tasks = Math.ceilDiv(op.rows(), rows);
        Workers.Task task =
                (t, worker) -> team[worker].run(t * rows, Math.min(op.rows(), (t + 1) * rows));
        return _ -> workers.run(tasks, task);
    }

    private void run(int from, int to) {
        int r = nextWithTarget(from, to);
        if (r == to) return;
        correctionAt = -1;
        rows.start();
        for (; r < to; r = nextWithTarget(r + 1, to)) {
            rows.take(r);
            correct();
            lose(r);
        }
        rows.finish();
        correct();
    }

    /// The first row from `r` on that has a target in the vocabulary; `to` if none has. Writes the
    /// results of those it passes.
    private int nextWithTarget(int r, int to) {
        for (; r < to; r++) {
            int target = target(r);
            if (target >= 0 && target < op.cols()) break;
            float value = target < 0 ? 0 : Float.NaN;
            losses.setAtIndex(JAVA_FLOAT, op.losses().offset() + r, value);
            long at = op.dlogits().offset() + (long) r * op.cols();
            for (int c = 0; c < op.cols(); c++) Lanes.set(dtype, value, dlogits, at + c);
        }
        return r;
    }

    private int target(int r) {
        return targets.getAtIndex(JAVA_INT, op.targets().offset() + r);
    }

    /// Loss and factor of the row taken last.
    private void lose(int r) {
        long at = (long) r * op.cols() + target(r);
        double logit = Lanes.get(dtype, logits, op.logits().offset() + at);
        double loss = rows.loss(logit);
        losses.setAtIndex(JAVA_FLOAT, op.losses().offset() + r, (float) loss);
        rows.scale(op.scale());
        correctionAt = op.dlogits().offset() + at;
        correction = (float) ((Math.exp(-loss) - 1) * op.scale());
    }

    private void correct() {
        if (correctionAt >= 0) Lanes.set(dtype, correction, dlogits, correctionAt);
    }
}
