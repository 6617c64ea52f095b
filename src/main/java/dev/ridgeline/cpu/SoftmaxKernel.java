package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.op.Softmax;

import java.util.Arrays;

/// See [SoftmaxRows].
final class SoftmaxKernel {
    private SoftmaxKernel() {}

    static Launch bind(Softmax op, Workers workers) {
        var team = new SoftmaxRows[workers.threads()];
        Arrays.setAll(team, i -> new SoftmaxRows(op.x(), op.y()));
        int rows = SoftmaxKernels.rowsPerTask(op.rows(), op.cols());
        int tasks = Math.ceilDiv(op.rows(), rows);
        Workers.Task task =
                (t, worker) -> run(team[worker], t * rows, Math.min(op.rows(), (t + 1) * rows));
        return _ -> workers.run(tasks, task);
    }

    private static void run(SoftmaxRows rows, int from, int to) {
        rows.start();
        for (int r = from; r < to; r++) {
            rows.take(r);
            rows.scale(1);
        }
        rows.finish();
    }
}
