package dev.ridgeline.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// Row-major extents, outermost first.
public record Shape(List<Integer> dims) {
    public Shape {
        dims = List.copyOf(dims);
        if (dims.isEmpty()) throw new IllegalArgumentException("a shape needs at least one extent");
        for (int d : dims) {
            if (d <= 0) throw new IllegalArgumentException("extent must be positive: " + dims);
        }
    }

    public static Shape of(int... dims) {
        return new Shape(Arrays.stream(dims).boxed().toList());
    }

    public int dim(int axis) {
        return dims.get(axis);
    }

    public int last() {
        return dims.getLast();
    }

    public int rank() {
        return dims.size();
    }

    /// Number of elements.
    ///
    /// @throws ArithmeticException if it does not fit a `long`
    public long count() {
        long n = 1;
        for (int d : dims) n = Math.multiplyExact(n, d);
        return n;
    }

    @Override
    public String toString() {
        return dims.stream().map(String::valueOf).collect(Collectors.joining(", ", "(", ")"));
    }
}
