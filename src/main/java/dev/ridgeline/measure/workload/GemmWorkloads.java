package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/// Matrix products of operands uniform in [-1, 1).
public final class GemmWorkloads {
    /// On and off every tile's edges: 1, an edge, one past it, primes, depths that no vector width
    /// divides, more than one depth block, more than one column block.
    private static final int[][] SHAPES = {
        {1, 1, 1},
        {4, 8, 16},
        {5, 9, 17},
        {12, 32, 32},
        {13, 33, 33},
        {64, 64, 64},
        {63, 67, 65},
        {7, 1031, 129},
        {130, 70, 96},
        {2, 800, 2061},
        {780, 776, 3}
    };

    /// Of multiples of 16, which products of 8 bits need.
    private static final int[][] WHOLE = {{16, 16, 16}, {160, 1040, 144}, {144, 96, 272}};

    private GemmWorkloads() {}

    /// One product in `form`, without an epilogue; the weight gradient accumulates.
    public static Workload<Gemm> gemm(Form form, int m, int k, int n, DType dtype, long seed) {
        boolean accumulates = form == Form.TN;
        return of(
                form.name().toLowerCase(Locale.ROOT),
                extents(m, k, n),
                dtype,
                seed,
                o -> {
                    var right = Gemm.right(dtype);
                    var a = form.transposesA() ? o.uniform(dtype, k, m) : o.uniform(dtype, m, k);
                    var b = form.transposesB() ? o.uniform(right, n, k) : o.uniform(right, k, n);
                    // gradients of weights are summed in f32 whatever the activations are
                    var c =
                            accumulates
                                    ? o.uniform(DType.F32, m, n)
                                    : o.output(Gemm.stored(dtype), m, n);
                    return new Gemm(
                            form, a, b, c, accumulates ? Epilogue.ACCUMULATE : Epilogue.NONE);
                });
    }

    /// `batch` independent products.
    public static Workload<Gemm> batched(
            Form form, int batch, int m, int k, int n, DType dtype, long seed) {
        var extents = new LinkedHashMap<String, Integer>();
        extents.put("batch", batch);
        extents.putAll(extents(m, k, n));
        return of(
                form.name().toLowerCase(Locale.ROOT) + " batched",
                extents,
                dtype,
                seed,
                o ->
                        new Gemm(
                                form,
                                form.transposesA()
                                        ? o.uniform(dtype, batch, k, m)
                                        : o.uniform(dtype, batch, m, k),
                                form.transposesB()
                                        ? o.uniform(Gemm.right(dtype), batch, n, k)
                                        : o.uniform(Gemm.right(dtype), batch, k, n),
                                o.output(Gemm.stored(dtype), batch, m, n)));
    }

    /// A linear layer's forward pass with bias and GELU, keeping what the backward pass needs.
    public static Workload<Gemm> biasGelu(int m, int k, int n, DType dtype, long seed) {
        return of(
                "nt bias+gelu",
                extents(m, k, n),
                dtype,
                seed,
                o ->
                        new Gemm(
                                Form.NT,
                                o.uniform(dtype, m, k),
                                o.uniform(Gemm.right(dtype), n, k),
                                o.output(Gemm.stored(dtype), m, n),
                                Epilogue.biasGelu(
                                        o.uniform(Gemm.stored(dtype), n),
                                        o.output(Gemm.stored(dtype), m, n))));
    }

    /// Operands with leading dimensions: parts of wider matrices.
    private static Workload<Gemm> strided(Form form, int m, int k, int n, DType dtype, long seed) {
        return of(
                form.name().toLowerCase(Locale.ROOT) + " strided",
                extents(m, k, n),
                dtype,
                seed,
                o ->
                        new Gemm(
                                form,
                                form.transposesA() ? part(o, dtype, k, m) : part(o, dtype, m, k),
                                form.transposesB()
                                        ? part(o, Gemm.right(dtype), n, k)
                                        : part(o, Gemm.right(dtype), k, n),
                                o.output(Gemm.stored(dtype), m + 2, n + 5)
                                        .slice(0, 1, m + 1)
                                        .slice(1, 3, n + 3),
                                Epilogue.bias(o.uniform(DType.F32, n))));
    }

    private static Tensor part(Operands o, DType dtype, int rows, int columns) {
        return o.uniform(dtype, rows + 3, columns + 7)
                .slice(0, 2, rows + 2)
                .slice(1, 5, columns + 5);
    }

    private static Workload<Gemm> of(
            String variant,
            Map<String, Integer> extents,
            DType dtype,
            long seed,
            Function<Operands, Gemm> make) {
        return new Workload<>(Gemm.class, variant, extents, dtype, seed, make);
    }

    private static Map<String, Integer> extents(int m, int k, int n) {
        var extents = new LinkedHashMap<String, Integer>();
        extents.put("m", m);
        extents.put("k", k);
        extents.put("n", n);
        return extents;
    }

    static List<Workload<?>> probes() {
        var all = new ArrayList<Workload<?>>();
        long seed = 1;
        for (var dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
            for (var form : Form.values()) {
                for (int[] s : SHAPES) all.add(gemm(form, s[0], s[1], s[2], dtype, seed++));
                all.add(batched(form, 3, 13, 40, 33, dtype, seed++));
                all.add(strided(form, 13, 37, 35, dtype, seed++));
            }
            all.add(biasGelu(13, 40, 50, dtype, seed++));
            all.add(biasGelu(9, 800, 64, dtype, seed++));
        }
        for (var dtype : List.of(DType.F8_E4M3, DType.F8_E5M2)) {
            for (int[] s : SHAPES) all.add(gemm(Form.NT, s[0], s[1], s[2], dtype, seed++));
            for (int[] s : WHOLE) all.add(gemm(Form.NT, s[0], s[1], s[2], dtype, seed++));
            for (var form : Form.values()) {
                all.add(gemm(form, 13, 33, 35, dtype, seed++));
                all.add(strided(form, 13, 37, 35, dtype, seed++));
            }
            all.add(batched(Form.NT, 3, 16, 48, 32, dtype, seed++));
            all.add(biasGelu(32, 64, 48, dtype, seed++));
        }
        return all;
    }
}
