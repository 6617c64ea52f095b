package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Combine;
import dev.ridgeline.op.CombineBackward;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Router;
import dev.ridgeline.op.RouterBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Mixtures of experts: routing, products by expert, and the way back.
public final class MixtureWorkloads {
    private static final double BALANCE = 0.5;

    /// rows, experts, active, cols.
    private static final int[][] PROBES = {
        {1, 1, 1, 1}, {5, 4, 2, 8}, {37, 8, 2, 24}, {64, 3, 3, 33}, {257, 16, 4, 65}
    };

    /// rows, experts, k, n of products whose rows are whole chunks of 16 bytes: tiles of 128, of
    /// 64.
    private static final int[][] ALIGNED = {{300, 2, 136, 144}, {150, 4, 40, 72}};

    private MixtureWorkloads() {}

    public static Workload<Router> router(int rows, int experts, int active, long seed) {
        return of(
                Router.class,
                "",
                extents(rows, experts, active, 0),
                DType.F32,
                seed,
                o -> router(o, rows, experts, active));
    }

    private static Router router(Operands o, int rows, int experts, int active) {
        return new Router(
                o.uniform(DType.F32, -4.0, 4.0, rows, experts),
                o.output(DType.F32, rows, experts),
                o.output(DType.F32, rows, active),
                o.output(DType.I32, rows, active),
                o.output(DType.I32, rows, active),
                o.output(DType.I32, rows * active),
                o.output(DType.I32, experts + 1));
    }

    public static Workload<RouterBackward> routerBackward(
            int rows, int experts, int active, DType dtype, long seed) {
        return of(
                RouterBackward.class,
                "",
                extents(rows, experts, active, 0),
                dtype,
                seed,
                o -> {
                    var forward = o.resultsOf(other -> router(other, rows, experts, active));
                    return new RouterBackward(
                            forward.get(0),
                            forward.get(1),
                            forward.get(2),
                            forward.get(5),
                            o.uniform(DType.F32, rows, active),
                            o.output(dtype, rows, experts),
                            BALANCE);
                });
    }

    /// `rows` rows that came to `experts` experts, from k columns to n; in TN from (rows, k) and
    /// (rows, n) to (experts, k, n).
    public static Workload<GroupedGemm> groupedGemm(
            Form form,
            int rows,
            int experts,
            int k,
            int n,
            boolean accumulate,
            DType dtype,
            long seed) {
        var extents = new LinkedHashMap<String, Integer>();
        extents.put("rows", rows);
        extents.put("experts", experts);
        extents.put("k", k);
        extents.put("n", n);
        return of(
                GroupedGemm.class,
                form.name().toLowerCase(Locale.ROOT) + (accumulate ? "_acc" : ""),
                extents,
                dtype,
                seed,
                o -> {
                    var a = o.uniform(dtype, rows, k);
                    var b =
                            switch (form) {
                                case NT -> o.uniform(dtype, experts, n, k);
                                case NN -> o.uniform(dtype, experts, k, n);
                                case TN -> o.uniform(dtype, rows, n);
                            };
                    var type = form == Form.TN ? DType.F32 : dtype;
                    int[] dims = form == Form.TN ? new int[] {experts, k, n} : new int[] {rows, n};
                    var c = accumulate ? o.uniform(type, dims) : o.output(type, dims);
                    return new GroupedGemm(form, a, b, offsets(o, rows, experts), c, accumulate);
                });
    }

    /// Uneven: the second expert gets no rows, the last what is left.
    private static Tensor offsets(Operands o, int rows, int experts) {
        return o.computed(
                DType.I32,
                e -> {
                    if (e == experts) return rows;
                    if (e == 0) return 0;
                    long share = e <= 2 ? 1 : e - 1;
                    return share * rows / (experts + 1);
                },
                experts + 1);
    }

    public static Workload<Combine> combine(
            boolean gated, int rows, int active, int cols, DType dtype, long seed) {
        return of(
                Combine.class,
                gated ? "gated" : "",
                extents(rows, 0, active, cols),
                dtype,
                seed,
                o ->
                        new Combine(
                                o.uniform(dtype, rows * active, cols),
                                gated
                                        ? Optional.of(o.uniform(DType.F32, rows, active))
                                        : Optional.empty(),
                                places(o, rows, active),
                                o.output(dtype, rows, cols)));
    }

    public static Workload<CombineBackward> combineBackward(
            int rows, int active, int cols, DType dtype, long seed) {
        return of(
                CombineBackward.class,
                "",
                extents(rows, 0, active, cols),
                dtype,
                seed,
                o ->
                        new CombineBackward(
                                o.uniform(dtype, rows * active, cols),
                                o.uniform(DType.F32, rows, active),
                                places(o, rows, active),
                                o.uniform(dtype, rows, cols),
                                o.output(dtype, rows * active, cols),
                                o.output(DType.F32, rows, active)));
    }

    /// A permutation: backwards.
    private static Tensor places(Operands o, int rows, int active) {
        return o.computed(DType.I32, i -> rows * active - 1.0 - i, rows, active);
    }

    static List<Workload<?>> probes() {
        var probes = new ArrayList<Workload<?>>();
        for (int[] p : PROBES) {
            probes.add(router(p[0], p[1], p[2], 1));
            for (var dtype : List.of(DType.F32, DType.BF16)) {
                probes.add(routerBackward(p[0], p[1], p[2], dtype, 1));
                probes.add(combine(true, p[0], p[2], p[3], dtype, 1));
                probes.add(combine(false, p[0], p[2], p[3], dtype, 1));
                probes.add(combineBackward(p[0], p[2], p[3], dtype, 1));
                for (var form : Form.values())
                    for (boolean accumulate : new boolean[] {false, true})
                        if (!accumulate || form == Form.TN)
                            probes.add(
                                    groupedGemm(
                                            form,
                                            p[0],
                                            p[1],
                                            p[3],
                                            p[3] + 7,
                                            accumulate,
                                            dtype,
                                            1));
            }
        }
        for (var form : Form.values())
            for (int[] p : ALIGNED)
                probes.add(groupedGemm(form, p[0], p[1], p[2], p[3], false, DType.BF16, 1));
        return probes;
    }

    private static Map<String, Integer> extents(int rows, int experts, int active, int cols) {
        var extents = new LinkedHashMap<String, Integer>();
        extents.put("rows", rows);
        if (experts > 0) extents.put("experts", experts);
        extents.put("active", active);
        if (cols > 0) extents.put("cols", cols);
        return extents;
    }

    private static <O extends Op> Workload<O> of(
            Class<O> type,
            String variant,
            Map<String, Integer> extents,
            DType dtype,
            long seed,
            Function<Operands, O> make) {
        return new Workload<>(
                type, variant, Collections.unmodifiableMap(extents), dtype, seed, make);
    }
}
