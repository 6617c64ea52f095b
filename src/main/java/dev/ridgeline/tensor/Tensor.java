package dev.ridgeline.tensor;

import java.util.ArrayList;
import java.util.List;

/// A typed, shaped, possibly strided view of a buffer. The innermost axis is always contiguous.
///
/// @param strides distance between neighbours along each axis, in elements; the last is 1
/// @param offset of the first element in the buffer, in elements
public record Tensor(DType dtype, Shape shape, List<Long> strides, Buffer buffer, long offset) {
    public Tensor {
        strides = List.copyOf(strides);
        if (strides.size() != shape.rank())
            throw new IllegalArgumentException(
                    "shape " + shape + " needs one stride per axis, not " + strides);
        if (strides.getLast() != 1)
            throw new IllegalArgumentException("the innermost stride must be 1: " + strides);
        long last = offset;
        for (int i = 0; i < shape.rank(); i++) last += (shape.dim(i) - 1L) * strides.get(i);
        long need = (last + 1) * dtype.bytes();
        if (offset < 0 || buffer.bytes() < need) {
            throw new IllegalArgumentException(
                    "%s %s at element %d needs %d bytes, buffer has %d"
                            .formatted(dtype.label(), shape, offset, need, buffer.bytes()));
        }
    }

    /// A contiguous tensor at the start of `buffer`.
    public Tensor(DType dtype, Shape shape, Buffer buffer) {
        this(dtype, shape, contiguous(shape), buffer, 0);
    }

    /// A contiguous tensor that begins at element `offset` of `buffer`.
    public Tensor(DType dtype, Shape shape, Buffer buffer, long offset) {
        this(dtype, shape, contiguous(shape), buffer, offset);
    }

    private static List<Long> contiguous(Shape shape) {
        var strides = new ArrayList<Long>();
        long step = 1;
        for (int i = shape.rank() - 1; i >= 0; i--) {
            strides.addFirst(step);
            step *= shape.dim(i);
        }
        return strides;
    }

    public int dim(int axis) {
        return shape.dim(axis);
    }

    /// Elements between neighbours along `axis`.
    public long stride(int axis) {
        return strides.get(axis);
    }

    /// Number of elements.
    public long count() {
        return shape.count();
    }

    /// Bytes of its elements, gaps not counted.
    public long bytes() {
        return shape.count() * dtype.bytes();
    }

    /// Where in its buffer the first element begins, in bytes.
    public long begin() {
        return offset * dtype.bytes();
    }

    /// Where in its buffer the last element ends, in bytes.
    public long end() {
        long last = offset;
        for (int i = 0; i < shape.rank(); i++) last += (shape.dim(i) - 1L) * strides.get(i);
        return (last + 1) * dtype.bytes();
    }

    /// Whether the two reach into the same stretch of a buffer, gaps counted.
    public boolean meets(Tensor other) {
        return buffer == other.buffer && begin() < other.end() && other.begin() < end();
    }

    /// Whether the elements follow each other without gaps.
    public boolean contiguous() {
        return strides.equals(contiguous(shape));
    }

    /// The part `[from, to)` of `axis`.
    public Tensor slice(int axis, int from, int to) {
        if (from < 0 || to > dim(axis) || from >= to)
            throw new IllegalArgumentException(
                    "[%d, %d) is not a part of axis %d of %s".formatted(from, to, axis, shape));
        var dims = new ArrayList<>(shape.dims());
        dims.set(axis, to - from);
        return new Tensor(dtype, new Shape(dims), strides, buffer, offset + from * stride(axis));
    }

    /// The same elements under another shape.
    ///
    /// @throws IllegalArgumentException if this is not contiguous or the counts differ
    public Tensor view(int... dims) {
        var other = Shape.of(dims);
        if (!contiguous() || other.count() != count())
            throw new IllegalArgumentException("cannot view " + shape + " as " + other);
        return new Tensor(dtype, other, contiguous(other), buffer, offset);
    }

    /// Swaps two axes other than the innermost; no element moves.
    public Tensor swap(int i, int j) {
        var dims = new ArrayList<>(shape.dims());
        var steps = new ArrayList<>(strides);
        java.util.Collections.swap(dims, i, j);
        java.util.Collections.swap(steps, i, j);
        return new Tensor(dtype, new Shape(dims), steps, buffer, offset);
    }
}
