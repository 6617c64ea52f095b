package dev.ridgeline.cuda;

import dev.ridgeline.cuda.Rows.Team;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Residual;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.RmsNormBackward;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;

/// Norms and their gradients. A layer norm takes what a root-mean-square norm takes, and a mean and
/// a bias.
final class NormTable {
    private static final int PLAIN_THREADS = 256;

    /// Runs of a row per thread, and what a block of 1024 holds by them.
    private static final int HELD = 4;

    private static final int MOST_HELD = 4096;

    /// The same for the gradients, with blocks of 512.
    private static final int HELD_BACKWARD = 2;

    private static final int MOST_HELD_BACKWARD = 1024;
    private static final int BACKWARD_THREADS = 512;

    private NormTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                held(LayerNorm.class, LayerNorm::x, MOST_HELD, (op, p) -> forward(of(op), p)),
                plain(LayerNorm.class, (op, p) -> plainForward(of(op), p)),
                held(RmsNorm.class, RmsNorm::x, MOST_HELD, (op, p) -> forward(of(op), p)),
                plain(RmsNorm.class, (op, p) -> plainForward(of(op), p)),
                held(
                        LayerNormBackward.class,
                        LayerNormBackward::x,
                        MOST_HELD_BACKWARD,
                        (op, p) -> backward(of(op), p)),
                plain(LayerNormBackward.class, (op, p) -> plainBackward(of(op), p)),
                held(
                        RmsNormBackward.class,
                        RmsNormBackward::x,
                        MOST_HELD_BACKWARD,
                        (op, p) -> backward(of(op), p)),
                plain(RmsNormBackward.class, (op, p) -> plainBackward(of(op), p)));
    }

    private static <O extends Op> CudaKernel<O> held(
            Class<O> type, Function<O, Tensor> x, int most, BiConsumer<O, LaunchPlan> plans) {
        return CudaKernel.of(
                type, "portable", "registers", op -> Rows.longer(x.apply(op), most), plans);
    }

    private static <O extends Op> CudaKernel<O> plain(
            Class<O> type, BiConsumer<O, LaunchPlan> plans) {
        return CudaKernel.of(type, "portable", "plain", op -> Optional.empty(), plans);
    }

    /// A norm of either kind.
    ///
    /// @param affine weight, and bias
    /// @param statistics mean, and rstd
    private record Forward(
            Tensor x,
            List<Tensor> affine,
            Tensor y,
            List<Tensor> statistics,
            double eps,
            Optional<Residual> residual) {}

    private static Forward of(LayerNorm op) {
        return new Forward(
                op.x(),
                List.of(op.weight(), op.bias()),
                op.y(),
                List.of(op.mean(), op.rstd()),
                op.eps(),
                op.residual());
    }

    private static Forward of(RmsNorm op) {
        return new Forward(
                op.x(), List.of(op.weight()), op.y(), List.of(op.rstd()), op.eps(), op.residual());
    }

    /// @param statistics mean, and rstd
    /// @param sums dweight, and dbias
    private record Backward(
            Tensor x,
            Tensor weight,
            List<Tensor> statistics,
            Tensor dy,
            Tensor dx,
            List<Tensor> sums,
            Optional<Tensor> residual) {}

    private static Backward of(LayerNormBackward op) {
        return new Backward(
                op.x(),
                op.weight(),
                List.of(op.mean(), op.rstd()),
                op.dy(),
                op.dx(),
                List.of(op.dweight(), op.dbias()),
                op.residual());
    }

    private static Backward of(RmsNormBackward op) {
        return new Backward(
                op.x(),
                op.weight(),
                List.of(op.rstd()),
                op.dy(),
                op.dx(),
                List.of(op.dweight()),
                op.residual());
    }

    /// `bf16`, or `bf16_weight_f32` where the weight has another dtype than `x`.
    private static String named(Tensor x, Tensor weight) {
        var name = x.dtype().label();
        return weight.dtype() == x.dtype() ? name : name + "_weight_" + weight.dtype().label();
    }

    /// A matrix and its stride, or a null pointer.
    private static List<Object> matrix(Optional<Tensor> t) {
        return t.map(m -> List.<Object>of(m, m.stride(0))).orElse(List.of(0L, 0L));
    }

    private static List<Object> arguments(Forward op) {
        var arguments = new ArrayList<Object>(List.of(op.x, op.x.stride(0)));
        arguments.addAll(matrix(op.residual.map(Residual::branch)));
        arguments.addAll(matrix(op.residual.map(Residual::sum)));
        arguments.addAll(op.affine);
        arguments.addAll(List.of(op.y, op.y.stride(0)));
        arguments.addAll(op.statistics);
        return arguments;
    }

    private static void forward(Forward op, LaunchPlan plan) {
        var team = Team.holding(Rows.runs(op.x), HELD);
        var arguments = arguments(op);
        arguments.addAll(List.of(op.x.dim(0), op.x.dim(1), (float) op.eps, team.lanes()));
        plan.launch(
                named(op.x, op.affine.getFirst()),
                team.grid(op.x.dim(0)),
                team.threads(),
                0,
                arguments.toArray());
    }

    private static void plainForward(Forward op, LaunchPlan plan) {
        var arguments = arguments(op);
        arguments.addAll(List.of(op.x.dim(1), (float) op.eps));
        plan.launch(
                named(op.x, op.affine.getFirst()),
                Grid.grid(op.x.dim(0)),
                PLAIN_THREADS,
                0,
                arguments.toArray());
    }

    private static List<Object> arguments(Backward op) {
        var arguments = new ArrayList<Object>(List.of(op.x, op.x.stride(0), op.weight));
        arguments.addAll(op.statistics);
        arguments.addAll(List.of(op.dy, op.dy.stride(0), op.dx, op.dx.stride(0)));
        arguments.addAll(matrix(op.residual));
        return arguments;
    }

    private static void backward(Backward op, LaunchPlan plan) {
        int rows = op.x.dim(0);
        int cols = op.x.dim(1);
        int runs = Math.ceilDiv(cols, Rows.width(op.x.dtype()));
        int lanes = Rows.wholeWarps(Math.ceilDiv(runs, HELD_BACKWARD));
        int teams = BACKWARD_THREADS / lanes;
        int blocks = Math.min(plan.multiprocessors(), Math.ceilDiv(rows, teams));
        var part = plan.scratch((long) op.sums.size() * blocks * cols * Float.BYTES);
        var arguments = arguments(op);
        arguments.addAll(List.of(part, rows, cols, lanes));
        plan.launch(
                "rows_" + named(op.x, op.weight),
                Grid.grid(blocks),
                teams * lanes,
                0,
                arguments.toArray());
        var sums = new ArrayList<Object>(List.of(part));
        sums.addAll(op.sums);
        sums.addAll(List.of(blocks, cols));
        plan.launch(
                "sum",
                Grid.grid(Math.ceilDiv(cols, 32), op.sums.size()),
                PLAIN_THREADS,
                0,
                sums.toArray());
    }

    private static void plainBackward(Backward op, LaunchPlan plan) {
        int rows = op.x.dim(0);
        int cols = op.x.dim(1);
        var arguments = arguments(op);
        arguments.add(cols);
        plan.launch(
                "rows_" + named(op.x, op.weight),
                Grid.grid(rows),
                PLAIN_THREADS,
                0,
                arguments.toArray());
        var sums = new ArrayList<Object>(List.of(op.x, op.x.stride(0)));
        sums.addAll(op.statistics);
        sums.addAll(List.of(op.dy, op.dy.stride(0)));
        sums.addAll(op.sums);
        sums.addAll(List.of(rows, cols));
        plan.launch(
                "sum_" + op.x.dtype().label(),
                Grid.grid(Math.ceilDiv(cols, 32)),
                PLAIN_THREADS,
                0,
                sums.toArray());
    }
}
