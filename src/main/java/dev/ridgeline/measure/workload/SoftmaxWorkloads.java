package dev.ridgeline.measure.workload;

import static dev.ridgeline.measure.workload.NormWorkloads.STRIDED;
import static dev.ridgeline.measure.workload.NormWorkloads.matrix;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SoftmaxBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/// Softmax of the rows of a (rows, cols) matrix, its gradient, and the loss that ends a model.
public final class SoftmaxWorkloads {
    /// Makes the logits of a (rows, cols) problem.
    private record Logits(String variant, BiFunction<Operands, int[], Tensor> of) {}

    private SoftmaxWorkloads() {}

    public static Workload<Softmax> softmax(int rows, int cols, DType dtype, long seed) {
        return softmax(usual(dtype), rows, cols, dtype, seed);
    }

    /// `y` is uniform in [0, 2 / cols): about as large as probabilities are.
    public static Workload<SoftmaxBackward> softmaxBackward(
            int rows, int cols, DType dtype, long seed) {
        return softmaxBackward("", rows, cols, dtype, seed);
    }

    private static Workload<SoftmaxBackward> softmaxBackward(
            String variant, int rows, int cols, DType dtype, long seed) {
        return new Workload<>(
                SoftmaxBackward.class,
                variant,
                NormWorkloads.extents(rows, "cols", cols),
                dtype,
                seed,
                o ->
                        new SoftmaxBackward(
                                matrix(
                                        variant,
                                        d -> o.uniform(dtype, 0, 2.0 / cols, d),
                                        rows,
                                        cols),
                                matrix(variant, d -> o.uniform(dtype, d), rows, cols),
                                matrix(variant, d -> o.output(dtype, d), rows, cols)));
    }

    /// The loss of `rows` tokens and the gradient of their mean; every target is in the vocabulary.
    public static Workload<CrossEntropy> crossEntropy(int rows, int vocab, DType dtype, long seed) {
        return crossEntropy(usual(dtype), rows, vocab, 0, vocab, dtype, seed);
    }

    /// The same with the gradient written over the logits, as a training step does.
    public static Workload<CrossEntropy> crossEntropyInPlace(
            int rows, int vocab, DType dtype, long seed) {
        return new Workload<>(
                CrossEntropy.class,
                "in_place",
                NormWorkloads.extents(rows, "vocab", vocab),
                dtype,
                seed,
                o -> {
                    Tensor logits = usual(dtype).of().apply(o, new int[] {rows, vocab});
                    return new CrossEntropy(
                            logits,
                            o.integers(0, vocab, rows),
                            o.output(DType.F32, rows),
                            logits,
                            1.0 / rows);
                });
    }

    static List<Workload<?>> probes() {
        var probes = new ArrayList<Workload<?>>();
        for (var dtype : List.of(DType.F32, DType.BF16)) {
            for (int[] p : NormWorkloads.PROBES) {
                probes.add(softmax(p[0], p[1], dtype, 1));
                probes.add(softmaxBackward(p[0], p[1], dtype, 1));
                probes.add(crossEntropy(p[0], p[1], dtype, 1));
                probes.add(crossEntropyInPlace(p[0], p[1], dtype, 1));
                probes.add(
                        crossEntropy(
                                named("ignored", dtype),
                                p[0],
                                p[1],
                                -p[1] / 2 - 1,
                                p[1],
                                dtype,
                                1));
            }
            for (int cols : new int[] {31, 1031, 5003, 50257}) {
                for (var logits : List.of(large(dtype), rising(dtype), masked(dtype), far(dtype))) {
                    probes.add(softmax(logits, 3, cols, dtype, 1));
                    probes.add(crossEntropy(logits, 3, cols, 0, cols, dtype, 1));
                }
            }
            probes.add(crossEntropy(named("out_of_range", dtype), 7, 31, 29, 34, dtype, 1));
            for (int[] p : new int[][] {{2, 8}, {7, 31}, {65, 64}, {5, 1031}}) {
                probes.add(softmax(named(STRIDED, dtype), p[0], p[1], dtype, 1));
                probes.add(softmaxBackward(STRIDED, p[0], p[1], dtype, 1));
                probes.add(crossEntropy(named(STRIDED, dtype), p[0], p[1], 0, p[1], dtype, 1));
            }
        }
        return probes;
    }

    private static Logits usual(DType dtype) {
        return named("", dtype);
    }

    private static Logits named(String variant, DType dtype) {
        return new Logits(
                variant,
                (o, dims) -> matrix(variant, d -> o.uniform(dtype, -4, 4, d), dims[0], dims[1]));
    }

    /// So large that exp overflows where the maximum is not subtracted.
    private static Logits large(DType dtype) {
        return new Logits("large", (o, dims) -> o.uniform(dtype, -80, 80, dims));
    }

    /// Every element beyond the ones before it, so that a running maximum never holds.
    private static Logits rising(DType dtype) {
        return new Logits(
                "rising",
                (o, dims) ->
                        o.derived(
                                dtype,
                                () -> {
                                    double[] x = new double[dims[0] * dims[1]];
                                    for (int i = 0; i < x.length; i++)
                                        x[i] = 160.0 * (i % dims[1]) / dims[1] - 80;
                                    return x;
                                },
                                dims));
    }

    /// Half of each row at minus infinity, as an attention mask leaves it.
    private static Logits masked(DType dtype) {
        return new Logits(
                "masked",
                (o, dims) ->
                        o.derived(
                                dtype,
                                () -> {
                                    double[] x = new double[dims[0] * dims[1]];
                                    for (int i = 0; i < x.length; i++)
                                        x[i] =
                                                i % dims[1] < dims[1] / 2
                                                        ? Double.NEGATIVE_INFINITY
                                                        : Math.sin(i);
                                    return x;
                                },
                                dims));
    }

    /// So far from zero that few bits are left for the differences, which are what counts.
    private static Logits far(DType dtype) {
        return new Logits("far", (o, dims) -> o.uniform(dtype, 4e6, 4e6 + 8, dims));
    }

    private static Workload<Softmax> softmax(
            Logits logits, int rows, int cols, DType dtype, long seed) {
        return new Workload<>(
                Softmax.class,
                logits.variant(),
                NormWorkloads.extents(rows, "cols", cols),
                dtype,
                seed,
                o ->
                        new Softmax(
                                logits.of().apply(o, new int[] {rows, cols}),
                                matrix(logits.variant(), d -> o.output(dtype, d), rows, cols)));
    }

    /// @param low target; below zero is ignored
    /// @param high end of the targets; beyond `vocab` is out of range
    private static Workload<CrossEntropy> crossEntropy(
            Logits logits, int rows, int vocab, int low, int high, DType dtype, long seed) {
        return new Workload<>(
                CrossEntropy.class,
                logits.variant(),
                NormWorkloads.extents(rows, "vocab", vocab),
                dtype,
                seed,
                o ->
                        new CrossEntropy(
                                logits.of().apply(o, new int[] {rows, vocab}),
                                o.integers(low, high, rows),
                                o.output(DType.F32, rows),
                                matrix(logits.variant(), d -> o.output(dtype, d), rows, vocab),
                                1.0 / rows));
    }
}
