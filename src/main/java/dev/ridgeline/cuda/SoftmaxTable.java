package dev.ridgeline.cuda;

import dev.ridgeline.cuda.Rows.Team;
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SoftmaxBackward;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Softmax, its gradient, and the loss that ends a model.
final class SoftmaxTable {
    private static final int PLAIN_THREADS = 256;

    /// Runs of a row per thread, and what a block of 512 holds by them.
    private static final int HELD = 4;

    private static final int MOST_HELD = 2048;

    private SoftmaxTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.of(
                        Softmax.class,
                        "portable",
                        "registers",
                        op -> Rows.longer(op.x(), MOST_HELD),
                        SoftmaxTable::teams),
                CudaKernel.of(
                        Softmax.class,
                        "portable",
                        "online",
                        op -> Optional.empty(),
                        SoftmaxTable::teams),
                CudaKernel.of(
                        Softmax.class,
                        "portable",
                        "plain",
                        op -> Optional.empty(),
                        SoftmaxTable::plain),
                CudaKernel.of(
                        SoftmaxBackward.class,
                        "portable",
                        "registers",
                        op -> Rows.longer(op.y(), MOST_HELD),
                        SoftmaxTable::backward),
                CudaKernel.of(
                        SoftmaxBackward.class,
                        "portable",
                        "plain",
                        op -> Optional.empty(),
                        SoftmaxTable::plainBackward),
                CudaKernel.of(
                        CrossEntropy.class,
                        "portable",
                        "online",
                        op -> Optional.empty(),
                        SoftmaxTable::crossEntropy));
    }

    private static Team team(Tensor rows) {
        return Team.holding(Math.min(Rows.runs(rows), MOST_HELD), HELD);
    }

    private static void teams(Softmax op, LaunchPlan plan) {
        var team = team(op.x());
        plan.launch(
                op.x().dtype().label(),
                team.grid(op.rows()),
                team.threads(),
                0,
                op.x(),
                op.x().stride(0),
                op.y(),
                op.y().stride(0),
                op.rows(),
                op.cols(),
                team.lanes());
    }

    private static void plain(Softmax op, LaunchPlan plan) {
        plan.launch(
                op.x().dtype().label(),
                Grid.grid(op.rows()),
                PLAIN_THREADS,
                0,
                op.x(),
                op.x().stride(0),
                op.y(),
                op.y().stride(0),
                op.cols());
    }

    private static void backward(SoftmaxBackward op, LaunchPlan plan) {
        var team = team(op.y());
        plan.launch(
                op.y().dtype().label(),
                team.grid(op.rows()),
                team.threads(),
                0,
                op.y(),
                op.y().stride(0),
                op.dy(),
                op.dy().stride(0),
                op.dx(),
                op.dx().stride(0),
                op.rows(),
                op.cols(),
                team.lanes());
    }

    private static void plainBackward(SoftmaxBackward op, LaunchPlan plan) {
        plan.launch(
                op.y().dtype().label(),
                Grid.grid(op.rows()),
                PLAIN_THREADS,
                0,
                op.y(),
                op.y().stride(0),
                op.dy(),
                op.dy().stride(0),
                op.dx(),
                op.dx().stride(0),
                op.cols());
    }

    private static void crossEntropy(CrossEntropy op, LaunchPlan plan) {
        var team = team(op.logits());
        plan.launch(
                op.logits().dtype().label(),
                team.grid(op.rows()),
                team.threads(),
                0,
                op.logits(),
                op.logits().stride(0),
                op.targets(),
                op.losses(),
                op.dlogits(),
                op.dlogits().stride(0),
                op.rows(),
                op.cols(),
                (float) op.scale(),
                team.lanes());
    }
}
