package dev.ridgeline.cuda;

import dev.ridgeline.tensor.Tensor;

import java.util.stream.IntStream;

/// Alignment to the 16 bytes that `cp.async` and vector accesses move. Buffers start on more.
final class Alignment {
    private static final int BYTES = 16;

    private Alignment() {}

    /// Whether every row of a tensor starts on 16 bytes and is a whole number of 16 bytes long.
    static boolean rows(Tensor t) {
        int rank = t.shape().rank();
        return whole(t, t.offset())
                && whole(t, t.shape().last())
                && IntStream.range(0, rank - 1)
                        .allMatch(axis -> t.dim(axis) == 1 || whole(t, t.stride(axis)));
    }

    private static boolean whole(Tensor t, long elements) {
        return elements * t.dtype().bytes() % BYTES == 0;
    }
}
