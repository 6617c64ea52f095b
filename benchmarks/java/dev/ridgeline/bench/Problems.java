package dev.ridgeline.bench;

import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.AttentionWorkloads;
import dev.ridgeline.measure.workload.GemmWorkloads;
import dev.ridgeline.measure.workload.NormWorkloads;
import dev.ridgeline.measure.workload.OptimizerWorkloads;
import dev.ridgeline.measure.workload.SoftmaxWorkloads;
import dev.ridgeline.measure.workload.StreamWorkloads;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.tensor.DType;

import java.util.Arrays;
import java.util.Locale;

/// The problems that benchmarks name in their parameters: an op, its extents and its type.
public final class Problems {
    private static final long SEED = 1;

    private Problems() {}

    /// @param op `gemm_nt`, `attention_backward`, `softmax`, ...
    /// @param shape extents joined by `x`: M, K, N of a gemm; B, H, T, D of (causal) attention;
    ///   rows, columns of a norm, a softmax or a loss; the number of elements of the rest
    public static Workload<?> of(String op, String shape) {
        return of(op, shape, DType.F32.label());
    }

    /// @param dtype `f32` or `bf16`; streams and the loop of multiply-adds are in f32 whatever it
    ///   is
    public static Workload<?> of(String op, String shape, String dtype) {
        int[] d = extents(op, shape);
        var type = DType.valueOf(dtype.toUpperCase(Locale.ROOT));
        return switch (op) {
            case "gemm_nt", "gemm_nn", "gemm_tn" ->
                    GemmWorkloads.gemm(form(op), d[0], d[1], d[2], type, SEED);
            case "attention" ->
                    AttentionWorkloads.forward(d[0], d[1], d[1], d[2], d[3], true, type, SEED);
            case "attention_backward" ->
                    AttentionWorkloads.backward(d[0], d[1], d[1], d[2], d[3], true, type, SEED);
            case "rms_norm" -> NormWorkloads.rmsNorm(d[0], d[1], type, SEED);
            case "rms_norm_backward" -> NormWorkloads.rmsNormBackward(d[0], d[1], type, SEED);
            case "layer_norm" -> NormWorkloads.layerNorm(d[0], d[1], type, SEED);
            case "layer_norm_backward" -> NormWorkloads.layerNormBackward(d[0], d[1], type, SEED);
            case "softmax" -> SoftmaxWorkloads.softmax(d[0], d[1], type, SEED);
            case "softmax_backward" -> SoftmaxWorkloads.softmaxBackward(d[0], d[1], type, SEED);
            case "cross_entropy" -> SoftmaxWorkloads.crossEntropy(d[0], d[1], type, SEED);
            case "adam_w" -> OptimizerWorkloads.adamW(d[0], type, SEED);
            case "copy" -> StreamWorkloads.copy(d[0], SEED);
            case "scale" -> StreamWorkloads.scale(d[0], SEED);
            case "triad" -> StreamWorkloads.triad(d[0], SEED);
            case "fma_loop" -> StreamWorkloads.fmaLoop(d[0], 30_000, SEED);
            default -> throw new IllegalArgumentException("no benchmark problem for op " + op);
        };
    }

    private static int[] extents(String op, String shape) {
        int rank =
                switch (op) {
                    case "attention", "attention_backward" -> 4;
                    case "gemm_nt", "gemm_nn", "gemm_tn" -> 3;
                    case "adam_w", "copy", "scale", "triad", "fma_loop" -> 1;
                    default -> 2;
                };
        if (!shape.matches("[1-9]\\d{0,8}(x[1-9]\\d{0,8}){" + (rank - 1) + "}"))
            throw new IllegalArgumentException(
                    "%s takes %d extents joined by x, not %s".formatted(op, rank, shape));
        return Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
    }

    private static Form form(String op) {
        return Form.valueOf(op.substring("gemm_".length()).toUpperCase(Locale.ROOT));
    }
}
