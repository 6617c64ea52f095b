package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Residual;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.RmsNormBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/// Norms of the rows of a (rows, cols) matrix, forward and backward. The statistics that a backward
/// op reads are those of its `x`.
public final class NormWorkloads {
    static final String STRIDED = "strided";

    /// Variants that begin with it add a residual, the gradients' in place.
    private static final String RESIDUAL = "residual";

    private static final double EPS = 1e-5;

    /// (rows, cols) of the probes: single rows and columns, both sides of every vector width, of
    /// the blocks that column sums are split into, and primes.
    static final int[][] PROBES = {
        {1, 1},
        {2, 8},
        {7, 31},
        {64, 64},
        {65, 65},
        {7, 257},
        {2, 768},
        {65, 1031},
        {64, 1},
        {1, 257},
        {65, 8},
        {1, 1031}
    };

    /// Makes the `x` of a (rows, cols) problem.
    private record Rows(String variant, BiFunction<Operands, int[], Tensor> make) {}

    private NormWorkloads() {}

    /// `weight` has the dtype of `x`.
    public static Workload<RmsNorm> rmsNorm(int rows, int cols, DType dtype, long seed) {
        return rmsNorm("", rows, cols, dtype, dtype, seed);
    }

    /// `weight` has the dtype of `x`.
    public static Workload<RmsNormBackward> rmsNormBackward(
            int rows, int cols, DType dtype, long seed) {
        return rmsNormBackward("", rows, cols, dtype, dtype, seed);
    }

    /// `weight` and `bias` have the dtype of `x`.
    public static Workload<LayerNorm> layerNorm(int rows, int cols, DType dtype, long seed) {
        return layerNorm(usual("", dtype), rows, cols, dtype, dtype, seed);
    }

    /// `weight` has the dtype of `x`.
    public static Workload<LayerNormBackward> layerNormBackward(
            int rows, int cols, DType dtype, long seed) {
        return layerNormBackward("", rows, cols, dtype, dtype, seed);
    }

    /// Those that a decoder's layer consists of: with a residual.
    public static List<Workload<?>> residuals(int rows, int cols, DType dtype, long seed) {
        return List.of(
                rmsNorm(RESIDUAL, rows, cols, dtype, dtype, seed),
                rmsNormBackward(RESIDUAL, rows, cols, dtype, dtype, seed),
                layerNorm(usual(RESIDUAL, dtype), rows, cols, dtype, dtype, seed),
                layerNormBackward(RESIDUAL, rows, cols, dtype, dtype, seed));
    }

    static List<Workload<?>> probes() {
        var probes = new ArrayList<Workload<?>>();
        for (int[] p : PROBES) {
            add(probes, "", p[0], p[1], DType.F32, DType.F32);
            add(probes, "", p[0], p[1], DType.BF16, DType.BF16);
            add(probes, "f32_weight", p[0], p[1], DType.BF16, DType.F32);
        }
        for (var dtype : List.of(DType.F32, DType.BF16)) {
            for (int cols : new int[] {31, 257, 768}) {
                probes.add(layerNorm(offset(dtype), 7, cols, dtype, dtype, 1));
                probes.add(layerNorm(outlier(dtype), 7, cols, dtype, dtype, 1));
            }
        }
        for (int[] p : new int[][] {{2, 8}, {7, 31}, {65, 64}, {5, 1031}})
            for (var dtype : List.of(DType.F32, DType.BF16))
                add(probes, STRIDED, p[0], p[1], dtype, dtype);
        for (int[] p : PROBES) {
            add(probes, RESIDUAL, p[0], p[1], DType.F32, DType.F32);
            add(probes, RESIDUAL, p[0], p[1], DType.BF16, DType.BF16);
            add(probes, RESIDUAL + " f32_weight", p[0], p[1], DType.BF16, DType.F32);
        }
        for (var dtype : List.of(DType.F32, DType.BF16))
            add(probes, RESIDUAL + " " + STRIDED, 7, 31, dtype, dtype);
        return probes;
    }

    /// A (rows, cols) matrix as `make` makes it: dense, or columns of a wider one that start at no
    /// multiple of any vector.
    static Tensor matrix(String variant, Function<int[], Tensor> make, int rows, int cols) {
        return variant.endsWith(STRIDED)
                ? make.apply(new int[] {rows, cols + 9}).slice(1, 5, 5 + cols)
                : make.apply(new int[] {rows, cols});
    }

    private static Rows usual(String variant, DType dtype) {
        return new Rows(
                variant, (o, dims) -> matrix(variant, d -> o.uniform(dtype, d), dims[0], dims[1]));
    }

    /// A mean far from zero, where the mean square less the squared mean is mostly rounding.
    private static Rows offset(DType dtype) {
        return new Rows("offset", (o, dims) -> o.uniform(dtype, 15, 17, dims));
    }

    /// A first element that is nothing like the rest.
    private static Rows outlier(DType dtype) {
        return new Rows(
                "outlier",
                (o, dims) ->
                        o.derived(
                                dtype,
                                () -> {
                                    double[] x = new double[dims[0] * dims[1]];
                                    for (int i = 0; i < x.length; i++)
                                        x[i] = i % dims[1] == 0 ? 100 : Math.sin(i);
                                    return x;
                                },
                                dims));
    }

    private static void add(
            List<Workload<?>> to, String variant, int rows, int cols, DType x, DType weight) {
        to.add(rmsNorm(variant, rows, cols, x, weight, 1));
        to.add(rmsNormBackward(variant, rows, cols, x, weight, 1));
        to.add(layerNorm(usual(variant, x), rows, cols, x, weight, 1));
        to.add(layerNormBackward(variant, rows, cols, x, weight, 1));
    }

    private static Workload<RmsNorm> rmsNorm(
            String variant, int rows, int cols, DType x, DType weight, long seed) {
        return new Workload<>(
                RmsNorm.class,
                variant,
                extents(rows, "cols", cols),
                x,
                seed,
                o ->
                        new RmsNorm(
                                matrix(variant, d -> o.uniform(x, d), rows, cols),
                                o.uniform(weight, cols),
                                matrix(variant, d -> o.output(x, d), rows, cols),
                                o.output(DType.F32, rows),
                                EPS,
                                residual(variant, o, x, rows, cols)));
    }

    private static Optional<Residual> residual(
            String variant, Operands o, DType dtype, int rows, int cols) {
        if (!variant.startsWith(RESIDUAL)) return Optional.empty();
        return Optional.of(
                new Residual(
                        matrix(variant, d -> o.uniform(dtype, d), rows, cols),
                        matrix(variant, d -> o.output(dtype, d), rows, cols)));
    }

    /// Where a gradient goes, and what is added to it: the same matrix.
    private record Gradient(Tensor dx, Optional<Tensor> residual) {
        static Gradient of(String variant, Operands o, DType dtype, int rows, int cols) {
            boolean added = variant.startsWith(RESIDUAL);
            var dx =
                    matrix(
                            variant,
                            d -> added ? o.uniform(dtype, d) : o.output(dtype, d),
                            rows,
                            cols);
            return new Gradient(dx, added ? Optional.of(dx) : Optional.empty());
        }
    }

    private static Workload<RmsNormBackward> rmsNormBackward(
            String variant, int rows, int cols, DType dtype, DType weight, long seed) {
        return new Workload<>(
                RmsNormBackward.class,
                variant,
                extents(rows, "cols", cols),
                dtype,
                seed,
                o -> {
                    Tensor x = matrix(variant, d -> o.uniform(dtype, d), rows, cols);
                    Tensor scale = o.uniform(weight, cols);
                    Tensor rstd = o.derived(DType.F32, () -> rstd(x, new double[rows]), rows);
                    Tensor dy = matrix(variant, d -> o.uniform(dtype, d), rows, cols);
                    var gradient = Gradient.of(variant, o, dtype, rows, cols);
                    return new RmsNormBackward(
                            x,
                            scale,
                            rstd,
                            dy,
                            gradient.dx(),
                            o.uniform(DType.F32, cols),
                            gradient.residual());
                });
    }

    private static Workload<LayerNorm> layerNorm(
            Rows of, int rows, int cols, DType x, DType weight, long seed) {
        return new Workload<>(
                LayerNorm.class,
                of.variant(),
                extents(rows, "cols", cols),
                x,
                seed,
                o ->
                        new LayerNorm(
                                of.make().apply(o, new int[] {rows, cols}),
                                o.uniform(weight, cols),
                                o.uniform(weight, cols),
                                matrix(of.variant(), d -> o.output(x, d), rows, cols),
                                o.output(DType.F32, rows),
                                o.output(DType.F32, rows),
                                EPS,
                                residual(of.variant(), o, x, rows, cols)));
    }

    private static Workload<LayerNormBackward> layerNormBackward(
            String variant, int rows, int cols, DType dtype, DType weight, long seed) {
        return new Workload<>(
                LayerNormBackward.class,
                variant,
                extents(rows, "cols", cols),
                dtype,
                seed,
                o -> {
                    Tensor x = matrix(variant, d -> o.uniform(dtype, d), rows, cols);
                    Tensor scale = o.uniform(weight, cols);
                    Tensor mean = o.derived(DType.F32, () -> mean(x), rows);
                    Tensor rstd = o.derived(DType.F32, () -> rstd(x, mean(x)), rows);
                    Tensor dy = matrix(variant, d -> o.uniform(dtype, d), rows, cols);
                    var gradient = Gradient.of(variant, o, dtype, rows, cols);
                    return new LayerNormBackward(
                            x,
                            scale,
                            mean,
                            rstd,
                            dy,
                            gradient.dx(),
                            o.uniform(DType.F32, cols),
                            o.uniform(DType.F32, cols),
                            gradient.residual());
                });
    }

    /// In the order people say them.
    static Map<String, Integer> extents(int rows, String across, int cols) {
        var extents = new LinkedHashMap<String, Integer>();
        extents.put("rows", rows);
        extents.put(across, cols);
        return Collections.unmodifiableMap(extents);
    }

    private static double[] mean(Tensor x) {
        double[] values = Operands.read(x);
        double[] mean = new double[x.dim(0)];
        int cols = x.dim(1);
        for (int i = 0; i < values.length; i++) mean[i / cols] += values[i] / cols;
        return mean;
    }

    /// `1 / sqrt(mean((x - centre)²) + eps)` of each row.
    private static double[] rstd(Tensor x, double[] centre) {
        double[] values = Operands.read(x);
        double[] rstd = new double[x.dim(0)];
        int cols = x.dim(1);
        for (int i = 0; i < values.length; i++) {
            double centred = values[i] - centre[i / cols];
            rstd[i / cols] += centred * centred / cols;
        }
        for (int r = 0; r < rstd.length; r++) rstd[r] = 1 / Math.sqrt(rstd[r] + EPS);
        return rstd;
    }
}
