package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.Lanes.COUNT;
import static dev.ridgeline.cpu.Lanes.F32;

import dev.ridgeline.op.Activation;
import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import jdk.incubator.vector.FloatVector;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Where the tiles of one product go: added to earlier depths' sums, then through the epilogue.
final class GemmOutput {
    private record Place(MemorySegment memory, DType dtype, long offset, long row) {
        static Place of(Tensor t, int batch) {
            int rank = t.shape().rank();
            return new Place(
                    HostBuffer.segment(t),
                    t.dtype(),
                    t.offset() + (rank == 3 ? batch * t.stride(0) : 0),
                    t.stride(rank - 2));
        }

        long at(int i, int j) {
            return offset + i * row + j;
        }
    }

    private final Place c;
    private final Epilogue epilogue;
    private final Optional<Place> preactivation;
    private final Optional<Place> bias;

    GemmOutput(Gemm op, int batch) {
        c = Place.of(op.c(), batch);
        epilogue = op.epilogue();
        preactivation = epilogue.preactivation().map(t -> Place.of(t, batch));
        bias = epilogue.bias().map(t -> new Place(HostBuffer.segment(t), t.dtype(), t.offset(), 0));
    }

    /// Stores rows of a panel, (rows, [GemmTile#WIDTH]) in `t`, at row i and column j.
    ///
    /// @param columns how many of the panel's columns exist
    /// @param first whether these are the first depths of the sum
    /// @param last whether they are the last
    /// @param line scratch of WIDTH elements
    void store(
            float[] t,
            int rows,
            int i,
            int j,
            int columns,
            boolean first,
            boolean last,
            float[] line) {
        boolean add = !first || epilogue.accumulate();
        boolean plain = !last || bias.isEmpty() && epilogue.activation() == Activation.NONE;
        if (columns < GemmTile.WIDTH) storeEdge(t, rows, i, j, columns, add, plain, line);
        else if (!plain || c.dtype != DType.F32) storeFull(t, rows, i, j, add, plain);
        else if (add) addPlain(t, rows, c.memory, c.at(i, j), c.row);
        else storePlain(t, rows, c.memory, c.at(i, j), c.row);
    }

    /// Adds earlier depths' sums to a tile and keeps them for the next, in f32.
    ///
    /// @param at of the tile in `sums`, whose rows are `stride` apart
    static void sum(
            float[] t,
            int rows,
            float[] sums,
            int at,
            int stride,
            int columns,
            boolean first,
            boolean last) {
        for (int r = 0; r < rows; r++) {
            int from = r * GemmTile.WIDTH;
            int to = at + r * stride;
            if (!first) for (int v = 0; v < columns; v++) t[from + v] += sums[to + v];
            if (!last) System.arraycopy(t, from, sums, to, columns);
        }
    }

    private static void storePlain(float[] t, int rows, MemorySegment memory, long at, long row) {
        for (int r = 0; r < rows; r++) {
            int from = r * GemmTile.WIDTH;
            long to = at + r * row;
            Lanes.storeF32(FloatVector.fromArray(F32, t, from), memory, to);
            Lanes.storeF32(FloatVector.fromArray(F32, t, from + COUNT), memory, to + COUNT);
        }
    }

    private static void addPlain(float[] t, int rows, MemorySegment memory, long at, long row) {
        for (int r = 0; r < rows; r++) {
            int from = r * GemmTile.WIDTH;
            long to = at + r * row;
            var a = FloatVector.fromArray(F32, t, from).add(Lanes.loadF32(memory, to));
            var b =
                    FloatVector.fromArray(F32, t, from + COUNT)
                            .add(Lanes.loadF32(memory, to + COUNT));
            Lanes.storeF32(a, memory, to);
            Lanes.storeF32(b, memory, to + COUNT);
        }
    }

    private void storeFull(float[] t, int rows, int i, int j, boolean add, boolean plain) {
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < GemmTile.WIDTH; v += COUNT) {
                var value = FloatVector.fromArray(F32, t, r * GemmTile.WIDTH + v);
                long to = c.at(i + r, j + v);
                if (add) value = value.add(Lanes.load(c.dtype, c.memory, to));
                if (!plain) {
                    if (bias.isPresent()) {
                        var b = bias.get();
                        value = value.add(Lanes.load(b.dtype, b.memory, b.at(0, j + v)));
                    }
                    if (epilogue.activation() == Activation.GELU) {
                        if (preactivation.isPresent()) {
                            var pre = preactivation.get();
                            Lanes.store(pre.dtype, value, pre.memory, pre.at(i + r, j + v));
                        }
                        value = ActivationLoops.gelu(value);
                    }
                }
                Lanes.store(c.dtype, value, c.memory, to);
            }
        }
    }

    /// The panel that sticks out on the right: element by element, activations by the vector code.
    private void storeEdge(
            float[] t,
            int rows,
            int i,
            int j,
            int columns,
            boolean add,
            boolean plain,
            float[] line) {
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < columns; v++) {
                float value = t[r * GemmTile.WIDTH + v];
                if (add) value += Lanes.get(c.dtype, c.memory, c.at(i + r, j + v));
                if (!plain && bias.isPresent()) {
                    var b = bias.get();
                    value += Lanes.get(b.dtype, b.memory, b.at(0, j + v));
                }
                line[v] = value;
            }
            if (!plain && epilogue.activation() == Activation.GELU) {
                if (preactivation.isPresent()) {
                    var pre = preactivation.get();
                    write(pre, i + r, j, columns, line);
                }
                for (int v = 0; v < GemmTile.WIDTH; v += COUNT)
                    ActivationLoops.gelu(FloatVector.fromArray(F32, line, v)).intoArray(line, v);
            }
            write(c, i + r, j, columns, line);
        }
    }

    private static void write(Place place, int i, int j, int columns, float[] line) {
        for (int v = 0; v < columns; v++)
            Lanes.set(place.dtype, line[v], place.memory, place.at(i, j + v));
    }
}
