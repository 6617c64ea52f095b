package dev.ridgeline.placement;

import java.util.ArrayList;
import java.util.List;

/// Elements of a stored tensor: `count` runs of `length`, which begin `stride` apart. Rows of a
/// matrix are one run, columns a run for each row.
///
/// @param from first element, counted from the tensor's
public record Runs(long from, long length, long stride, long count) {
    public Runs {
        if (from < 0 || length < 0 || count < 0 || (count > 1 && stride < length))
            throw new IllegalArgumentException(
                    "runs of %d from %d, %d apart".formatted(length, from, stride));
        if (count > 1 && stride == length) {
            length = Math.multiplyExact(length, count);
            count = 1;
        }
        if (count <= 1) stride = length;
    }

    static Runs one(long from, long length) {
        return new Runs(from, length, length, 1);
    }

    /// Rows `from` to `to` of a matrix of so many columns.
    static Runs rows(long columns, long from, long to) {
        return one(from * columns, (to - from) * columns);
    }

    /// Columns `from` to `to` of a matrix (rows, columns).
    static Runs columns(long rows, long columns, long from, long to) {
        return new Runs(from, to - from, columns, rows);
    }

    /// Elements in all.
    public long total() {
        return Math.multiplyExact(length, count);
    }

    /// One past the last element.
    public long end() {
        return count == 0 ? from : from + (count - 1) * stride + length;
    }

    /// The elements `begin` to `end` of these, counted in their own order: at most a part of a run,
    /// whole runs, and a part of another.
    public List<Runs> cut(long begin, long end) {
        var parts = new ArrayList<Runs>();
        if (begin >= end) return parts;
        long first = begin / length;
        long last = end / length;
        long head = begin % length;
        long tail = end % length;
        if (first == last) {
            parts.add(one(from + first * stride + head, end - begin));
            return parts;
        }
        if (head > 0) parts.add(one(from + first++ * stride + head, length - head));
        if (last > first) parts.add(new Runs(from + first * stride, length, stride, last - first));
        if (tail > 0) parts.add(one(from + last * stride, tail));
        return parts;
    }
}
