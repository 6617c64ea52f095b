package dev.ridgeline.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A matrix in a device's memory as its copy engine sees it (TMA, from sm_90 on): one thread of a
/// kernel has it copy boxes of the matrix to and from shared memory. It is an argument of a launch,
/// for a parameter `const __grid_constant__ CUtensorMap`.
final class TensorMap {
    /// How 16-byte pieces of a box are permuted in shared memory, so that neither its rows nor its
    /// columns fall on the same banks; a row of the box is at most that long.
    enum Swizzle {
        NONE,
        BYTES_32,
        BYTES_64,
        BYTES_128;

        private int bytes() {
            return 16 << ordinal();
        }
    }

    /// `cuTensorMapEncodeTiled`.
    public interface Encode {
        int encode(
                MemorySegment map,
                int type,
                int rank,
                long address,
                MemorySegment dims,
                MemorySegment strides,
                MemorySegment box,
                MemorySegment steps,
                int interleave,
                int swizzle,
                int promotion,
                int fill);
    }

    /// Bytes of a `CUtensorMap`, and of what its address is a multiple of.
    private static final int BYTES = 128;

    private static final int ALIGNMENT = 64;

    private static final int MOST_IN_BOX = 256;

    /// `CU_TENSOR_MAP_L2_PROMOTION_L2_256B`: a miss fetches the neighbours too.
    private static final int PROMOTION = 3;

    /// Stands for one in a plan that launches nothing.
    static final TensorMap PLANNED = new TensorMap(MemorySegment.NULL);

    private final MemorySegment map;

    private TensorMap(MemorySegment map) {
        this.map = map;
    }

    /// Whether the driver makes them; those before CUDA 12 do not.
    static boolean found() {
        return call().isPresent();
    }

    private static Optional<Encode> call() {
        return LibCuda.library().find("cuTensorMapEncodeTiled", Encode.class);
    }

    /// @param matrix (rows, columns), its rows a multiple of 16 bytes apart
    /// @param address where it begins on the device, a multiple of 16
    /// @param rows of a box, at most 256
    /// @param columns of a box, at most 256, a multiple of 16 bytes
    /// @param arena that lives as long as the launch
    /// @throws IllegalArgumentException if that is not so
    static TensorMap of(
            Driver driver,
            Tensor matrix,
            long address,
            int rows,
            int columns,
            Swizzle swizzle,
            Arena arena) {
        int bytes = matrix.dtype().bytes();
        require(matrix.shape().rank() == 2, "%s is no matrix", matrix.shape());
        require(
                address % 16 == 0 && matrix.stride(0) * bytes % 16 == 0,
                "a matrix for the copy engine begins at a multiple of 16 bytes, as do its rows,"
                        + " and not at %d and every %d",
                address,
                matrix.stride(0) * bytes);
        require(
                Math.min(rows, columns) > 0 && Math.max(rows, columns) <= MOST_IN_BOX,
                "a box has 1 to 256 rows and columns, and not %d x %d",
                rows,
                columns);
        require(
                columns * bytes % 16 == 0
                        && (swizzle == Swizzle.NONE || columns * bytes <= swizzle.bytes()),
                "a row of a box is a multiple of 16 bytes and, swizzled, at most %d; it has %d",
                swizzle.bytes(),
                columns * bytes);
        var map = arena.allocate(BYTES, ALIGNMENT);
        int code =
                call().orElseThrow(() -> new IllegalStateException("the driver has no tensor maps"))
                        .encode(
                                map,
                                type(matrix.dtype()),
                                2,
                                address,
                                arena.allocateFrom(JAVA_LONG, matrix.dim(1), matrix.dim(0)),
                                arena.allocateFrom(JAVA_LONG, matrix.stride(0) * bytes),
                                arena.allocateFrom(JAVA_INT, columns, rows),
                                arena.allocateFrom(JAVA_INT, 1, 1),
                                0,
                                swizzle.ordinal(),
                                PROMOTION,
                                0);
        driver.check(code, "making a tensor map of %s", matrix.shape());
        return new TensorMap(map);
    }

    /// Its `CUtensorMapDataType`.
    private static int type(DType dtype) {
        return switch (dtype) {
            case F16 -> 6;
            case F32 -> 7;
            case BF16 -> 9;
            case I32 -> 3;
            case F8_E4M3, F8_E5M2 -> 0;
        };
    }

    private static void require(boolean holds, String otherwise, Object... values) {
        if (!holds) throw new IllegalArgumentException(otherwise.formatted(values));
    }

    /// Where the 128 bytes lie.
    long address() {
        return map.address();
    }
}
