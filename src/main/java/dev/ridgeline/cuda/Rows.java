package dev.ridgeline.cuda;

import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// How rows are dealt to threads: in runs of 16 bytes, by the arithmetic of `common/vector.cuh` and
/// `common/reduce.cuh`.
final class Rows {
    private static final int WARP = 32;
    private static final int SMALL_TEAMS = 128;

    /// What a division of 32 bits tells apart.
    private static final long MOST_RUNS = (1L << 32) - 1;

    /// Threads that share a row.
    ///
    /// @param lanes a power of two up to a warp, or whole warps
    /// @param threads of a block: one team, or several small ones
    record Team(int lanes, int threads) {
        /// The smallest that holds a row of `runs` with at most `held` runs per thread.
        static Team holding(long runs, int held) {
            int lanes = Math.toIntExact(Math.ceilDiv(runs, held));
            if (lanes > WARP) return new Team(wholeWarps(lanes), wholeWarps(lanes));
            return new Team(powerOfTwo(lanes), SMALL_TEAMS);
        }

        Grid grid(int rows) {
            return Grid.grid(Math.ceilDiv(rows, threads / lanes));
        }
    }

    private Rows() {}

    /// Elements in 16 bytes.
    static int width(DType dtype) {
        return 16 / dtype.bytes();
    }

    /// Runs that any row of a (rows, cols) tensor has at most. Where rows do not all start at a
    /// multiple of 16 bytes, their ends may be parts of one more run.
    static long runs(Tensor t) {
        int width = width(t.dtype());
        boolean straight = t.offset() % width == 0 && t.stride(0) % width == 0;
        return Math.ceilDiv(t.dim(1) + (straight ? 0 : width - 1), width);
    }

    /// Blocks of 256 threads for `runs` with `each` runs per thread.
    static Grid grid(long runs, int each) {
        return Grid.grid(Math.toIntExact(Math.ceilDiv(runs, 256L * each)));
    }

    /// Blocks of 256 threads for the elements of a dense tensor, `each` runs of `width` elements
    /// per thread.
    static Grid grid(Tensor dense, int width, int each) {
        return grid(Math.ceilDiv(dense.count() + width - 1, width), each);
    }

    static int wholeWarps(int threads) {
        return Math.ceilDiv(threads, WARP) * WARP;
    }

    /// The smallest power of two that is no smaller.
    static int powerOfTwo(int n) {
        return n <= 1 ? 1 : Integer.highestOneBit(n - 1) << 1;
    }

    static Stream<Tensor> operands(Op op) {
        return Stream.concat(op.reads().stream(), op.writes().stream());
    }

    static Optional<String> gaps(Op op) {
        return operands(op)
                .filter(t -> !t.contiguous())
                .findFirst()
                .map(t -> "an operand " + t.shape() + " has gaps between its rows");
    }

    /// Refuses rows longer than a kernel holds.
    static Optional<String> longer(Tensor t, int most) {
        return runs(t) <= most
                ? Optional.empty()
                : Optional.of(
                        "a row of %d elements is %d runs of 16 bytes; at most %d are held"
                                .formatted(t.dim(1), runs(t), most));
    }

    /// Refuses a matrix of more runs than can be told apart.
    static Optional<String> more(Tensor t) {
        return t.dim(0) * runs(t) <= MOST_RUNS
                ? Optional.empty()
                : Optional.of("%s has more than 2^32 runs of 16 bytes".formatted(t.shape()));
    }

    static boolean dense(List<Tensor> operands) {
        return operands.stream().allMatch(Tensor::contiguous);
    }
}
