package dev.ridgeline.cpu;

import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A row of a residual stream's gradient: held while the row that it is added to is computed, which
/// may take its place in memory.
final class ResidualRow {
    private final RowWindow rows;
    private final MemorySegment held;

    ResidualRow(Tensor residual, int cols) {
        rows = new RowWindow(residual, cols);
        held = Arena.ofAuto().allocate((long) cols * Float.BYTES, HostBuffer.ALIGNMENT);
    }

    /// Elements `[i, i + n)`.
    void hold(long i, int n) {
        rows.lookAhead(i, n);
        MemorySegment.copy(
                rows.memory(), rows.next() * Float.BYTES, held, 0, (long) n * Float.BYTES);
    }

    /// Adds what is held to the `n` elements of a window of the same dtype.
    void addTo(RowWindow window, long at, int n) {
        RowSum.add(window.memory(), at, held, 0, window.memory(), at, n);
    }
}
