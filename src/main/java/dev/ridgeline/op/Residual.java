package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What a norm adds to its `x` first, and where the sum goes, as which it is rounded before the
/// norm takes it. Both are (rows, cols) of the dtype of `x`.
public record Residual(Tensor branch, Tensor sum) {
    static Tolerance tolerance(DType dtype) {
        return Tolerance.elementwise(1, 0, dtype);
    }

    static List<Tensor> read(Optional<Residual> residual, Tensor... others) {
        return Stream.concat(Stream.of(others), residual.stream().map(Residual::branch)).toList();
    }

    static List<Tensor> written(Optional<Residual> residual, Tensor... others) {
        return Stream.concat(Stream.of(others), residual.stream().map(Residual::sum)).toList();
    }

    static long bytes(Optional<Residual> residual) {
        return residual.map(r -> r.branch().bytes() + r.sum().bytes()).orElse(0L);
    }

    void require(String op, Tensor x) {
        Require.sameShape(op, "branch", branch, x);
        Require.dtype(op, "branch", branch, x.dtype());
        Require.sameShape(op, "sum", sum, x);
        Require.dtype(op, "sum", sum, x.dtype());
    }
}
