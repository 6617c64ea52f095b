package dev.ridgeline.cuda;

import static dev.ridgeline.cuda.Grid.grid;

import dev.ridgeline.op.Activation;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// Matrix products: the ladder of `kernels/gemm`.
final class GemmTable {
    private static final int MOST_PRODUCTS = 65_535;
    private static final int EIGHT_BITS_THREADS = 256;

    /// A block's part of the output in `pipelined`.
    ///
    /// @param weight what a multiply-add costs, relative to the largest tile's: smaller warp tiles
    ///   read more of shared memory for each. An estimate from these bytes, not a measurement
    enum Tile {
        LARGE("128x256", 128, 256, 256, 1),
        MEDIUM("128x128", 128, 128, 128, 1.1),
        SMALL("64x64", 64, 64, 128, 1.6);

        private static final int DEPTH = 32;
        private static final int STAGES = 4;

        private final String label;
        private final int rows;
        private final int columns;
        private final int threads;
        private final double weight;

        Tile(String label, int rows, int columns, int threads, double weight) {
            this.label = label;
            this.rows = rows;
            this.columns = columns;
            this.threads = threads;
            this.weight = weight;
        }

        private int sharedBytes() {
            return STAGES * DEPTH * (rows + columns) * DType.BF16.bytes();
        }

        private int count(Gemm op) {
            return Math.multiplyExact(blocks(op.m(), rows), blocks(op.n(), columns));
        }

        /// Time of the multiprocessor with most tiles, in multiply-adds of the largest tile.
        private double cost(Gemm op, int multiprocessors) {
            long rounds = ((long) count(op) * op.batch() + multiprocessors - 1) / multiprocessors;
            return rounds * weight * rows * columns;
        }

        /// The tile that keeps all multiprocessors busy at the least cost.
        private static Tile best(Gemm op, int multiprocessors, Tile... of) {
            return Stream.of(of)
                    .min(Comparator.comparingDouble(t -> t.cost(op, multiprocessors)))
                    .orElseThrow();
        }
    }

    private GemmTable() {}

    static List<CudaKernel<?>> kernels() {
        return List.of(
                eightBits(),
                pipelined(Optional.empty()),
                CudaKernel.of(
                                Gemm.class,
                                "portable",
                                "mma",
                                GemmTable::needsTensorCores,
                                GemmTable::mma)
                        .within(TensorCores::product),
                CudaKernel.of(
                        Gemm.class, "portable", "tiled", GemmTable::needsWide, GemmTable::tiled),
                CudaKernel.of(
                        Gemm.class, "portable", "plain", GemmTable::needsGrid, GemmTable::plain));
    }

    /// @param tile for every product whose operands are aligned; if empty, each gets the best
    static CudaKernel<Gemm> pipelined(Optional<Tile> tile) {
        return CudaKernel.of(
                        Gemm.class,
                        "portable",
                        "pipelined",
                        GemmTable::needsTensorCores,
                        (op, plan) -> {
                            var chosen =
                                    tile.orElseGet(
                                            () ->
                                                    Tile.best(
                                                            op,
                                                            plan.multiprocessors(),
                                                            Tile.values()));
                            if (aligned(op))
                                pipelined(op, plan, chosen, chosen.label, chosen.threads);
                            else pipelined(op, plan, Tile.SMALL, "unaligned", Tile.SMALL.threads);
                        })
                .within(TensorCores::product);
    }

    private static CudaKernel<Gemm> eightBits() {
        return CudaKernel.of(
                        Gemm.class,
                        "sm89",
                        "pipelined",
                        GemmTable::needsEightBits,
                        (op, plan) -> {
                            var tile =
                                    Tile.best(op, plan.multiprocessors(), Tile.MEDIUM, Tile.SMALL);
                            pipelined(op, plan, tile, tile.label, EIGHT_BITS_THREADS);
                        })
                .within(TensorCores::product);
    }

    private static Optional<String> needsGrid(Gemm op) {
        return op.batch() <= MOST_PRODUCTS
                ? Optional.empty()
                : Optional.of("needs at most %d products in a batch".formatted(MOST_PRODUCTS));
    }

    private static Optional<String> needsWide(Gemm op) {
        return op.a().dtype().bytes() > 1
                ? needsGrid(op)
                : Optional.of("needs f32, bf16 or f16 operands");
    }

    private static Optional<String> needsTensorCores(Gemm op) {
        return op.a().dtype().bytes() == 2
                ? needsGrid(op)
                : Optional.of(
                        "needs bf16 or f16 operands: tensor cores would round f32 ones to tf32");
    }

    private static Optional<String> needsEightBits(Gemm op) {
        if (op.a().dtype().bytes() > 1) return Optional.of("needs e4m3 or e5m2 operands");
        return op.form() == Gemm.Form.NT && aligned(op)
                ? needsGrid(op)
                : Optional.of(
                        "needs the form nt, and rows of both operands that start on 16 bytes and"
                                + " are a multiple of it long");
    }

    private static void pipelined(Gemm op, LaunchPlan plan, Tile tile, String what, int threads) {
        plan.launch(
                "%s_%s_%s".formatted(form(op), what, op.a().dtype().label()),
                grid(tile.count(op), 1, op.batch()),
                threads,
                tile.sharedBytes(),
                arguments(op));
    }

    private static void mma(Gemm op, LaunchPlan plan) {
        var arguments = new ArrayList<>(List.of(arguments(op)));
        arguments.add(aligned(op) ? 1 : 0);
        plan.launch(
                form(op) + "_" + op.a().dtype().label(),
                grid(blocks(op.m(), 128), blocks(op.n(), 128), op.batch()),
                256,
                0,
                arguments.toArray());
    }

    private static void tiled(Gemm op, LaunchPlan plan) {
        plan.launch(
                form(op) + "_" + op.a().dtype().label(),
                grid(blocks(op.m(), 128), blocks(op.n(), 128), op.batch()),
                256,
                0,
                arguments(op));
    }

    private static void plain(Gemm op, LaunchPlan plan) {
        boolean ta = op.form().transposesA();
        boolean tb = op.form().transposesB();
        long lda = leading(op.a());
        long ldb = leading(op.b());
        var arguments = new ArrayList<Object>();
        arguments.addAll(List.of(op.a(), ta ? 1L : lda, ta ? lda : 1L, between(op.a())));
        arguments.addAll(List.of(op.b(), tb ? 1L : ldb, tb ? ldb : 1L, between(op.b())));
        arguments.addAll(output(op));
        plan.launch(
                op.a().dtype().label(),
                grid(blocks(op.m(), 8), blocks(op.n(), 32), op.batch()),
                256,
                0,
                arguments.toArray());
    }

    /// As the kernels from `tiled` up take them.
    private static Object[] arguments(Gemm op) {
        var all = new ArrayList<Object>();
        for (var operand : List.of(op.a(), op.b()))
            all.addAll(List.of(operand, leading(operand), between(operand)));
        all.addAll(output(op));
        return all.toArray();
    }

    private static List<Object> output(Gemm op) {
        var epilogue = op.epilogue();
        var all = new ArrayList<Object>();
        all.addAll(List.of(op.c(), leading(op.c()), between(op.c())));
        all.add(epilogue.bias().<Object>map(t -> t).orElse(0L));
        epilogue.preactivation()
                .ifPresentOrElse(
                        t -> all.addAll(List.of(t, leading(t), between(t))),
                        () -> all.addAll(List.of(0L, 0L, 0L)));
        all.addAll(List.of(op.m(), op.n(), op.k(), flags(op)));
        return all;
    }

    /// The bits of `kernels/common/gemm_output.cuh`.
    private static int flags(Gemm op) {
        var epilogue = op.epilogue();
        return bit(0, op.c().dtype() == DType.F32)
                | bit(1, epilogue.accumulate())
                | bit(2, epilogue.activation() == Activation.GELU)
                | bit(3, epilogue.bias().filter(t -> t.dtype() == DType.F32).isPresent());
    }

    private static int bit(int place, boolean set) {
        return set ? 1 << place : 0;
    }

    private static String form(Gemm op) {
        return op.form().name().toLowerCase(Locale.ROOT);
    }

    /// Whether rows of both operands are whole chunks of 16 bytes, and start on them.
    private static boolean aligned(Gemm op) {
        return Alignment.rows(op.a()) && Alignment.rows(op.b());
    }

    /// Elements between rows.
    private static long leading(Tensor t) {
        return t.stride(t.shape().rank() - 2);
    }

    /// Elements between the products of a batch.
    private static long between(Tensor t) {
        return t.shape().rank() == 3 ? t.stride(0) : 0;
    }

    private static int blocks(int extent, int tile) {
        return (extent - 1) / tile + 1;
    }
}
