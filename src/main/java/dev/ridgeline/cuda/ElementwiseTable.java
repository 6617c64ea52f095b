package dev.ridgeline.cuda;

import dev.ridgeline.op.Add;
import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Activations, sums and their gradients.
final class ElementwiseTable {
    private static final int THREADS = 256;

    /// Blocks per multiprocessor that keep its memory busy.
    private static final int BLOCKS = 8;

    private ElementwiseTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.of(
                        Add.class, "portable", "vectorized", Rows::gaps, ElementwiseTable::add),
                CudaKernel.of(
                        Gelu.class, "portable", "vectorized", Rows::gaps, ElementwiseTable::gelu),
                CudaKernel.of(
                        GeluBackward.class,
                        "portable",
                        "vectorized",
                        Rows::gaps,
                        ElementwiseTable::geluBackward),
                CudaKernel.of(
                        SwiGlu.class,
                        "portable",
                        "vectorized",
                        op -> Rows.more(op.gate()),
                        ElementwiseTable::swiGlu),
                CudaKernel.of(
                        SwiGluBackward.class,
                        "portable",
                        "vectorized",
                        op -> Rows.more(op.gate()),
                        ElementwiseTable::swiGluBackward),
                CudaKernel.of(
                        BiasGradient.class,
                        "portable",
                        "columns",
                        op -> Optional.empty(),
                        ElementwiseTable::biasGradient));
    }

    private static void add(Add op, LaunchPlan plan) {
        dense(plan, 2, op.a(), op.b(), op.y());
    }

    private static void gelu(Gelu op, LaunchPlan plan) {
        dense(plan, 4, op.x(), op.y());
    }

    private static void geluBackward(GeluBackward op, LaunchPlan plan) {
        dense(plan, 2, op.x(), op.dy(), op.dx());
    }

    /// @param each runs of 16 bytes per thread
    private static void dense(LaunchPlan plan, int each, Tensor... operands) {
        var first = operands[0];
        var arguments = new ArrayList<Object>(List.of(operands));
        arguments.add(first.count());
        plan.launch(
                first.dtype().label(),
                Rows.grid(first, Rows.width(first.dtype()), each),
                THREADS,
                0,
                arguments.toArray());
    }

    private static void swiGlu(SwiGlu op, LaunchPlan plan) {
        strided(plan, op.gate(), op.up(), op.y());
    }

    private static void swiGluBackward(SwiGluBackward op, LaunchPlan plan) {
        strided(plan, op.gate(), op.up(), op.dy(), op.dgate(), op.dup());
    }

    /// Matrices of one shape, two runs of 16 bytes per thread; dense ones are one row.
    private static void strided(LaunchPlan plan, Tensor... operands) {
        var first = operands[0];
        boolean dense = Rows.dense(List.of(operands));
        var arguments = new ArrayList<Object>();
        for (var t : operands) {
            arguments.add(t);
            arguments.add(t.stride(0));
        }
        arguments.add(dense ? 1 : first.dim(0));
        arguments.add(dense ? first.count() : (long) first.dim(1));
        plan.launch(
                first.dtype().label(),
                dense
                        ? Rows.grid(first, Rows.width(first.dtype()), 2)
                        : Rows.grid(first.dim(0) * Rows.runs(first), 2),
                THREADS,
                0,
                arguments.toArray());
    }

    private static void biasGradient(BiasGradient op, LaunchPlan plan) {
        int rows = op.rows();
        int cols = op.cols();
        int runs = Math.ceilDiv(cols, Rows.width(op.dy().dtype()));
        int lanes = Math.min(32, Rows.powerOfTwo(runs));
        int across = Math.ceilDiv(runs, lanes);
        int steps = Math.ceilDiv(rows, THREADS / lanes);
        int parts = Math.clamp(BLOCKS * plan.multiprocessors() / across, 1, steps);
        var part = plan.scratch((long) parts * cols * Float.BYTES);
        plan.launch(
                "part_" + op.dy().dtype().label(),
                Grid.grid(across, parts),
                THREADS,
                0,
                op.dy(),
                op.dy().stride(0),
                part,
                rows,
                cols,
                lanes);
        plan.launch(
                "sum",
                Grid.grid(Math.ceilDiv(cols, 32)),
                THREADS,
                0,
                part,
                op.dbias(),
                parts,
                cols);
    }
}
