package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.AdamW;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Steps of the optimizer on n parameters.
public final class OptimizerWorkloads {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.95;
    private static final int STEP = 10;
    private static final float LEARNING_RATE = 1e-3f;
    private static final float GRADIENT_SCALE = 0.8f;

    private static final int[] PROBES = {1, 7, 15, 16, 31, 32, 33, 257, 513, 4097, 66_001};

    private OptimizerWorkloads() {}

    /// The tenth step. f32 gradients as in pure f32 training; bf16 ones with a bf16 copy of the
    /// parameters as in mixed precision.
    public static Workload<AdamW> adamW(int n, DType gradient, long seed) {
        return adamW(n, gradient, gradient == DType.BF16, seed);
    }

    static List<Workload<?>> probes() {
        var probes = new ArrayList<Workload<?>>();
        for (int n : PROBES)
            for (var gradient : List.of(DType.F32, DType.BF16))
                for (boolean copies : new boolean[] {false, true})
                    probes.add(adamW(n, gradient, copies, 1));
        return probes;
    }

    private static Workload<AdamW> adamW(int n, DType gradient, boolean copies, long seed) {
        return new Workload<>(
                AdamW.class,
                copies ? "copy" : "",
                Map.of("n", n),
                gradient,
                seed,
                o -> op(o, n, gradient, copies));
    }

    private static AdamW op(Operands o, int n, DType gradient, boolean copies) {
        var scalars =
                o.values(
                        LEARNING_RATE,
                        (float) (1 - Math.pow(BETA1, STEP)),
                        (float) (1 - Math.pow(BETA2, STEP)),
                        GRADIENT_SCALE);
        Optional<Tensor> copy = copies ? Optional.of(o.output(DType.BF16, n)) : Optional.empty();
        return new AdamW(
                o.uniform(DType.F32, n),
                o.uniform(gradient, n),
                o.uniform(DType.F32, n),
                o.uniform(DType.F32, 0.0, 1.0, n),
                scalars,
                copy,
                BETA1,
                BETA2,
                1e-8,
                0.1);
    }
}
