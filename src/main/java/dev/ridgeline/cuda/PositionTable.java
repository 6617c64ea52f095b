package dev.ridgeline.cuda;

import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.Rope;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Rotary positions, and lookups of rows.
final class PositionTable {
    private static final int THREADS = 256;
    private static final int COLUMN_THREADS = 64;
    private static final int WARP = 32;

    private static final int ROPE_POSITIONS = 8;
    private static final int ROPE_HEAD_DIM = 512;
    private static final long ROPE_LAST = 1L << 22;

    /// Blocks per multiprocessor that keep its memory busy.
    private static final int BLOCKS = 8;

    private PositionTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                CudaKernel.of(
                        Rope.class,
                        "portable",
                        "shared",
                        PositionTable::refusal,
                        PositionTable::rope),
                CudaKernel.of(
                        Embedding.class,
                        "portable",
                        "vectorized",
                        op -> Rows.gaps(op).or(() -> Rows.more(op.y())),
                        PositionTable::embedding),
                CudaKernel.of(
                        EmbeddingBackward.class,
                        "portable",
                        "buckets",
                        op -> Rows.gaps(op).or(() -> Rows.more(op.dy())),
                        PositionTable::buckets),
                CudaKernel.of(
                        EmbeddingBackward.class,
                        "portable",
                        "plain",
                        Rows::gaps,
                        PositionTable::columns));
    }

    private static Optional<String> refusal(Rope op) {
        if (op.x().dim(3) > ROPE_HEAD_DIM)
            return Optional.of(
                    "head dim %d is more than %d".formatted(op.x().dim(3), ROPE_HEAD_DIM));
        long last = (long) op.firstPosition() + op.x().dim(2);
        return last > ROPE_LAST
                ? Optional.of("position %d is more than %d".formatted(last - 1, ROPE_LAST - 1))
                : Optional.empty();
    }

    private static void rope(Rope op, LaunchPlan plan) {
        var x = op.x();
        var y = op.y();
        int heads = x.dim(0) * x.dim(1);
        int tiles = Math.ceilDiv(x.dim(2), ROPE_POSITIONS);
        int parts = Math.clamp(Math.ceilDiv(BLOCKS * plan.multiprocessors(), tiles), 1, heads);
        plan.launch(
                x.dtype().label(),
                Grid.grid(tiles, Math.min(parts, 65_535)),
                THREADS,
                0,
                x,
                x.stride(0),
                x.stride(1),
                x.stride(2),
                y,
                y.stride(0),
                y.stride(1),
                y.stride(2),
                op.frequencies(),
                x.dim(0),
                x.dim(1),
                x.dim(2),
                x.dim(3) / 2,
                op.firstPosition(),
                op.inverse() ? -1f : 1f);
    }

    private static void embedding(Embedding op, LaunchPlan plan) {
        var arguments = new ArrayList<Object>(List.of(op.tokens(), op.table()));
        op.positions().ifPresent(arguments::add);
        arguments.addAll(List.of(op.y(), op.rows(), op.table().dim(0)));
        op.positions().ifPresent(p -> arguments.add(p.dim(0)));
        arguments.add(op.cols());
        plan.launch(
                named(op.y().dtype(), op.positions()),
                Rows.grid(op.rows() * runs(op.y()), 2),
                THREADS,
                0,
                arguments.toArray());
    }

    private static void columns(EmbeddingBackward op, LaunchPlan plan) {
        var arguments = new ArrayList<Object>(List.of(op.tokens(), op.dy(), op.dtable()));
        op.dpositions().ifPresent(arguments::add);
        arguments.addAll(List.of(op.rows(), op.dtable().dim(0)));
        op.dpositions().ifPresent(p -> arguments.add(p.dim(0)));
        arguments.add(op.cols());
        plan.launch(
                named(op.dy().dtype(), op.dpositions()),
                Grid.grid(Math.ceilDiv(op.cols(), COLUMN_THREADS)),
                COLUMN_THREADS,
                0,
                arguments.toArray());
    }

    private static void buckets(EmbeddingBackward op, LaunchPlan plan) {
        int rows = op.rows();
        int vocab = op.dtable().dim(0);
        int cols = op.cols();
        var dtype = op.dy().dtype().label();
        var tokens = op.tokens();
        var counts = plan.scratch((vocab + 1L) * Integer.BYTES);
        var starts = plan.scratch((long) vocab * Integer.BYTES);
        var slots = plan.scratch((long) rows * Integer.BYTES);
        var members = plan.scratch((long) rows * Integer.BYTES);
        var ordered = plan.scratch((long) rows * Integer.BYTES);
        var perRow = Rows.grid(rows, 1);
        plan.fill(counts, 0);
        plan.launch("count", perRow, THREADS, 0, tokens, counts, slots, rows, vocab);
        plan.launch("place", perRow, THREADS, 0, tokens, counts, slots, starts, rows, vocab);
        plan.launch("scatter", perRow, THREADS, 0, tokens, slots, starts, members, rows, vocab);
        plan.launch(
                "order",
                Rows.grid((long) rows * WARP, 1),
                THREADS,
                0,
                tokens,
                counts,
                starts,
                members,
                ordered,
                rows,
                vocab);
        plan.launch(
                "gather_" + dtype,
                Rows.grid(rows * runs(op.dy()), 1),
                THREADS,
                0,
                tokens,
                op.dy(),
                op.dtable(),
                counts,
                starts,
                ordered,
                rows,
                vocab,
                cols);
        if (op.dpositions().isEmpty()) return;
        var positions = op.dpositions().get();
        plan.launch(
                "positions_" + dtype,
                Rows.grid(positions.dim(0) * runs(op.dy()), 1),
                THREADS,
                0,
                op.dy(),
                positions,
                rows,
                positions.dim(0),
                cols);
    }

    private static long runs(Tensor t) {
        return Math.ceilDiv(t.dim(1), Rows.width(t.dtype()));
    }

    private static String named(DType dtype, Optional<Tensor> positions) {
        return dtype.label() + (positions.isPresent() ? "_positions" : "");
    }
}
