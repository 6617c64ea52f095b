package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Add;
import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Activations, sums and their gradients on (rows, cols) matrices.
public final class ElementwiseWorkloads {
    private static final String HALVES = "halves";
    private static final String WIDE = "wide";
    private static final String IN_PLACE = "in_place";

    /// (rows, cols) of the probes: both sides of every vector width and of two of them, of the tile
    /// bf16 is converted in, of the smallest and the largest task, and primes.
    private static final int[][] PROBES = {
        {1, 1},
        {1, 7},
        {3, 8},
        {2, 15},
        {1, 16},
        {5, 31},
        {2, 32},
        {1, 33},
        {3, 257},
        {7, 513},
        {1, 4097},
        {97, 101},
        {2, 65_537}
    };

    /// (rows, cols) for sums over rows: also both sides of a block of rows and of a slice.
    private static final int[][] SUM_PROBES = {
        {1, 1}, {3, 7}, {4, 8}, {5, 33}, {63, 16}, {64, 31}, {65, 32}, {131, 97}, {2, 4095},
        {7, 4097}, {5000, 3}
    };

    private ElementwiseWorkloads() {}

    /// Gates in [-4, 4), the rest in [-1, 1), here and in [#swiGluBackward].
    public static Workload<SwiGlu> swiGlu(int rows, int cols, DType dtype, long seed) {
        return swiGlu("", 4, rows, cols, dtype, seed);
    }

    public static Workload<SwiGluBackward> swiGluBackward(
            int rows, int cols, DType dtype, long seed) {
        return swiGluBackward("", 4, rows, cols, dtype, seed);
    }

    /// Inputs in [-4, 4), gradients in [-1, 1), here and in [#geluBackward].
    public static Workload<Gelu> gelu(int rows, int cols, DType dtype, long seed) {
        return gelu("", 4, rows, cols, dtype, seed);
    }

    public static Workload<GeluBackward> geluBackward(int rows, int cols, DType dtype, long seed) {
        return geluBackward("", 4, rows, cols, dtype, seed);
    }

    public static Workload<Add> add(int rows, int cols, DType dtype, long seed) {
        return of(
                Add.class,
                "",
                rows,
                cols,
                dtype,
                seed,
                o ->
                        new Add(
                                o.uniform(dtype, rows, cols),
                                o.uniform(dtype, rows, cols),
                                o.output(dtype, rows, cols)));
    }

    public static Workload<BiasGradient> biasGradient(int rows, int cols, DType dtype, long seed) {
        return biasGradient("", rows, cols, dtype, seed);
    }

    private static Workload<BiasGradient> biasGradient(
            String variant, int rows, int cols, DType dtype, long seed) {
        return of(
                BiasGradient.class,
                variant,
                rows,
                cols,
                dtype,
                seed,
                o ->
                        new BiasGradient(
                                NormWorkloads.matrix(variant, d -> o.uniform(dtype, d), rows, cols),
                                o.uniform(DType.F32, cols)));
    }

    static List<Workload<?>> probes() {
        var probes = new ArrayList<Workload<?>>();
        for (var dtype : List.of(DType.F32, DType.BF16)) {
            for (int[] p : PROBES) {
                for (var variant : List.of("", HALVES)) {
                    probes.add(swiGlu(variant, 4, p[0], p[1], dtype, 1));
                    probes.add(swiGluBackward(variant, 4, p[0], p[1], dtype, 1));
                }
                probes.add(gelu("", 4, p[0], p[1], dtype, 1));
                probes.add(geluBackward("", 4, p[0], p[1], dtype, 1));
                probes.add(add(p[0], p[1], dtype, 1));
                probes.add(addInPlace(p[0], p[1], dtype, 1));
            }
            // so far out that the exponentials overflow and underflow
            probes.add(swiGlu(WIDE, 200, 3, 1031, dtype, 1));
            probes.add(swiGluBackward(WIDE, 200, 3, 1031, dtype, 1));
            probes.add(gelu(WIDE, 200, 3, 1031, dtype, 1));
            probes.add(geluBackward(WIDE, 200, 3, 1031, dtype, 1));
            for (int[] p : SUM_PROBES) {
                probes.add(biasGradient(p[0], p[1], dtype, 1));
                probes.add(biasGradient(NormWorkloads.STRIDED, p[0], p[1], dtype, 1));
            }
        }
        return probes;
    }

    private static Workload<SwiGlu> swiGlu(
            String variant, double range, int rows, int cols, DType dtype, long seed) {
        return of(
                SwiGlu.class,
                variant,
                rows,
                cols,
                dtype,
                seed,
                o -> {
                    if (variant.equals(HALVES)) {
                        var both = o.uniform(dtype, -range, range, rows, 2 * cols);
                        return new SwiGlu(left(both), right(both), o.output(dtype, rows, cols));
                    }
                    return new SwiGlu(
                            o.uniform(dtype, -range, range, rows, cols),
                            o.uniform(dtype, rows, cols),
                            o.output(dtype, rows, cols));
                });
    }

    private static Workload<SwiGluBackward> swiGluBackward(
            String variant, double range, int rows, int cols, DType dtype, long seed) {
        return of(
                SwiGluBackward.class,
                variant,
                rows,
                cols,
                dtype,
                seed,
                o -> {
                    if (variant.equals(HALVES)) {
                        var both = o.uniform(dtype, -range, range, rows, 2 * cols);
                        var dboth = o.output(dtype, rows, 2 * cols);
                        return new SwiGluBackward(
                                left(both),
                                right(both),
                                o.uniform(dtype, rows, cols),
                                left(dboth),
                                right(dboth));
                    }
                    return new SwiGluBackward(
                            o.uniform(dtype, -range, range, rows, cols),
                            o.uniform(dtype, rows, cols),
                            o.uniform(dtype, rows, cols),
                            o.output(dtype, rows, cols),
                            o.output(dtype, rows, cols));
                });
    }

    private static Workload<Gelu> gelu(
            String variant, double range, int rows, int cols, DType dtype, long seed) {
        return of(
                Gelu.class,
                variant,
                rows,
                cols,
                dtype,
                seed,
                o ->
                        new Gelu(
                                o.uniform(dtype, -range, range, rows, cols),
                                o.output(dtype, rows, cols)));
    }

    private static Workload<GeluBackward> geluBackward(
            String variant, double range, int rows, int cols, DType dtype, long seed) {
        return of(
                GeluBackward.class,
                variant,
                rows,
                cols,
                dtype,
                seed,
                o ->
                        new GeluBackward(
                                o.uniform(dtype, -range, range, rows, cols),
                                o.uniform(dtype, rows, cols),
                                o.output(dtype, rows, cols)));
    }

    private static Workload<Add> addInPlace(int rows, int cols, DType dtype, long seed) {
        return of(
                Add.class,
                IN_PLACE,
                rows,
                cols,
                dtype,
                seed,
                o -> {
                    var a = o.uniform(dtype, rows, cols);
                    return new Add(a, o.uniform(dtype, rows, cols), a);
                });
    }

    private static Tensor left(Tensor both) {
        return both.slice(1, 0, both.dim(1) / 2);
    }

    private static Tensor right(Tensor both) {
        return both.slice(1, both.dim(1) / 2, both.dim(1));
    }

    private static <O extends Op> Workload<O> of(
            Class<O> type,
            String variant,
            int rows,
            int cols,
            DType dtype,
            long seed,
            Function<Operands, O> make) {
        Map<String, Integer> extents = new LinkedHashMap<>();
        extents.put("rows", rows);
        extents.put("cols", cols);
        return new Workload<>(
                type, variant, Collections.unmodifiableMap(extents), dtype, seed, make);
    }
}
