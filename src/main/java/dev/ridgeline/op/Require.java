package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import java.util.Arrays;

/// The checks that op constructors share. Each failure is an [IllegalArgumentException] that names
/// the op, the operand and what it should have been.
final class Require {
    private Require() {}

    static void that(boolean holds, String format, Object... arguments) {
        if (!holds) throw new IllegalArgumentException(format.formatted(arguments));
    }

    /// `t` has exactly these extents.
    static void shape(String op, String operand, Tensor t, int... dims) {
        that(
                t.shape().dims().equals(Arrays.stream(dims).boxed().toList()),
                "%s: %s is %s, must be %s",
                op,
                operand,
                t.shape(),
                Shape.of(dims));
    }

    static void sameShape(String op, String operand, Tensor t, Tensor as) {
        that(
                t.shape().equals(as.shape()),
                "%s: %s is %s, must be %s",
                op,
                operand,
                t.shape(),
                as.shape());
    }

    static void dtype(String op, String operand, Tensor t, DType... allowed) {
        that(
                Arrays.asList(allowed).contains(t.dtype()),
                "%s: %s is %s, must be one of %s",
                op,
                operand,
                t.dtype().label(),
                Arrays.stream(allowed).map(DType::label).toList());
    }

    static void rank(String op, String operand, Tensor t, int rank) {
        that(
                t.shape().rank() == rank,
                "%s: %s is %s, must have %d axes",
                op,
                operand,
                t.shape(),
                rank);
    }

    /// The tensor is a floating-point activation or parameter: f32 or bf16.
    static void real(String op, String operand, Tensor t) {
        dtype(op, operand, t, DType.F32, DType.BF16);
    }
}
