package dev.ridgeline.cuda;

import static dev.ridgeline.cuda.Grid.grid;

import dev.ridgeline.op.Combine;
import dev.ridgeline.op.CombineBackward;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.Router;
import dev.ridgeline.op.RouterBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Mixtures of experts: routing, products by expert, and the way back. How many rows an expert gets
/// is known on the device alone, so no grid depends on it.
final class MixtureTable {
    private static final int THREADS = 256;
    private static final int WARPS = 8;
    private static final int SCAN_THREADS = 1024;
    private static final int MOST_EXPERTS = 2048;
    private static final int TILED = 128;
    private static final int PIPELINE_THREADS = 128;
    private static final int PIPELINE_STAGES = 4;
    private static final int PIPELINE_DEPTH = 32;

    private MixtureTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.of(
                        Router.class,
                        "portable",
                        "warps",
                        op -> Rows.gaps(op).or(() -> manyExperts(op)),
                        MixtureTable::router),
                CudaKernel.of(
                        RouterBackward.class,
                        "portable",
                        "warps",
                        Rows::gaps,
                        MixtureTable::routerBackward),
                CudaKernel.of(
                                GroupedGemm.class,
                                "portable",
                                "pipelined",
                                op -> needsBf16(op).or(() -> Rows.gaps(op)),
                                MixtureTable::pipelined)
                        .within(TensorCores::product),
                CudaKernel.of(
                        GroupedGemm.class,
                        "portable",
                        "tiled",
                        Rows::gaps,
                        (op, plan) -> product(op, plan, op.a().dtype().label(), TILED, THREADS, 0)),
                CudaKernel.of(
                        GroupedGemm.class, "portable", "plain", Rows::gaps, MixtureTable::plain),
                CudaKernel.of(
                        Combine.class,
                        "portable",
                        "vectorized",
                        op -> Rows.gaps(op).or(() -> Rows.more(op.out())),
                        MixtureTable::combine),
                CudaKernel.of(
                        CombineBackward.class,
                        "portable",
                        "vectorized",
                        Rows::gaps,
                        MixtureTable::combineBackward));
    }

    private static Optional<String> manyExperts(Router op) {
        return op.expertCount() <= MOST_EXPERTS
                ? Optional.empty()
                : Optional.of(
                        "needs at most %d experts, not %d"
                                .formatted(MOST_EXPERTS, op.expertCount()));
    }

    private static Optional<String> needsBf16(GroupedGemm op) {
        return op.a().dtype() == DType.BF16
                ? Optional.empty()
                : Optional.of("needs bf16 operands: tensor cores would round f32 ones to tf32");
    }

    private static void router(Router op, LaunchPlan plan) {
        int pairs = op.rows() * op.active();
        int blocks = Math.ceilDiv(pairs, THREADS);
        int count = op.expertCount();
        var counts = plan.scratch((long) blocks * count * Integer.BYTES);
        plan.fill(counts, 0);
        plan.launch(
                "choose",
                grid(Math.ceilDiv(op.rows(), WARPS)),
                THREADS,
                0,
                op.logits(),
                op.probabilities(),
                op.gates(),
                op.experts(),
                op.rows(),
                count,
                op.active());
        plan.launch("count", grid(blocks), THREADS, 0, op.experts(), counts, pairs, count);
        plan.launch("scan", grid(1), SCAN_THREADS, 0, counts, op.offsets(), blocks, count);
        plan.launch(
                "place",
                grid(blocks),
                THREADS,
                0,
                op.experts(),
                counts,
                op.places(),
                op.sources(),
                pairs,
                count,
                op.active());
    }

    private static void routerBackward(RouterBackward op, LaunchPlan plan) {
        plan.launch(
                op.dlogits().dtype().label(),
                grid(Math.ceilDiv(op.rows(), WARPS)),
                THREADS,
                0,
                op.probabilities(),
                op.gates(),
                op.experts(),
                op.offsets(),
                op.dgates(),
                op.dlogits(),
                op.rows(),
                op.expertCount(),
                op.active(),
                (float) (op.balance() * op.expertCount() / op.rows() / op.rows()));
    }

    private static void plain(GroupedGemm op, LaunchPlan plan) {
        var type = op.a().dtype().label();
        int n = op.c().dim(op.c().shape().rank() - 1);
        var grid =
                op.form() == Form.TN
                        ? grid(Math.ceilDiv(op.a().dim(1), 8), Math.ceilDiv(n, 32), op.experts())
                        : grid(Math.ceilDiv(op.rows(), 8), Math.ceilDiv(n, 32));
        plan.launch(form(op) + "_" + type, grid, THREADS, 0, arguments(op));
    }

    /// Large tiles where they are filled: an expert's rows are known only on the device, their mean
    /// here.
    private static void pipelined(GroupedGemm op, LaunchPlan plan) {
        int height = op.form() == Form.TN ? op.a().dim(1) : op.rows() / op.experts();
        int width = op.c().dim(op.c().shape().rank() - 1);
        boolean aligned = Alignment.rows(op.a()) && Alignment.rows(op.b());
        int tile = aligned && Math.min(height, width) >= 128 ? 128 : 64;
        var entry = aligned ? "%dx%d".formatted(tile, tile) : "unaligned";
        int shared = PIPELINE_STAGES * 2 * tile * PIPELINE_DEPTH * DType.BF16.bytes();
        product(op, plan, entry + "_bf16", tile, PIPELINE_THREADS, shared);
    }

    private static void product(
            GroupedGemm op, LaunchPlan plan, String what, int tile, int threads, int shared) {
        int columns = Math.ceilDiv(op.c().dim(op.c().shape().rank() - 1), tile);
        var grid =
                op.form() == Form.TN
                        ? grid(Math.ceilDiv(op.a().dim(1), tile), columns, op.experts())
                        : grid(mostTiles(op, tile), columns);
        plan.launch(form(op) + "_" + what, grid, threads, shared, arguments(op));
    }

    /// Tiles that the rows make if they fall among the experts as badly as they can.
    private static int mostTiles(GroupedGemm op, int tile) {
        long spare = (long) Math.min(op.experts(), op.rows()) * (tile - 1);
        return Math.toIntExact((op.rows() + spare) / tile);
    }

    private static Object[] arguments(GroupedGemm op) {
        var c = op.c();
        int n = c.dim(c.shape().rank() - 1);
        int columns = op.a().dim(1);
        int flags = (c.dtype() == DType.F32 ? 1 : 0) | (op.accumulate() ? 2 : 0);
        return new Object[] {
            op.a(), op.b(), op.offsets(), c, op.experts(), op.rows(), columns, n, columns, flags
        };
    }

    private static String form(GroupedGemm op) {
        return op.form().name().toLowerCase(Locale.ROOT);
    }

    private static void combine(Combine op, LaunchPlan plan) {
        long runs = Math.ceilDiv(op.cols(), Rows.width(op.y().dtype()));
        plan.launch(
                op.y().dtype().label(),
                Rows.grid(op.rows() * runs, 1),
                THREADS,
                0,
                op.y(),
                op.gates().<Object>map((Tensor t) -> t).orElse(0L),
                op.places(),
                op.out(),
                op.rows(),
                op.cols(),
                op.active());
    }

    private static void combineBackward(CombineBackward op, LaunchPlan plan) {
        int pairs = op.rows() * op.active();
        plan.launch(
                op.y().dtype().label(),
                grid(Math.ceilDiv(pairs, WARPS)),
                THREADS,
                0,
                op.y(),
                op.gates(),
                op.places(),
                op.dout(),
                op.dy(),
                op.dgates(),
                pairs,
                op.cols(),
                op.active());
    }
}
