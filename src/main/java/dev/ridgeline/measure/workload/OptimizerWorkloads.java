package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.ClipScale;
import dev.ridgeline.op.Dither;
import dev.ridgeline.op.Rounding;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.op.Zero;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// Steps of the optimizer on n parameters, and what prepares one: zeroed gradients and their norm.
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

    public static Workload<SquaredNorm> squaredNorm(int n, DType dtype, long seed) {
        return new Workload<>(
                SquaredNorm.class,
                "",
                Map.of("n", n),
                dtype,
                seed,
                o -> new SquaredNorm(o.uniform(dtype, n), o.output(DType.F32, 1)));
    }

    static Workload<Zero> zero(int n, DType dtype, long seed) {
        return new Workload<>(
                Zero.class, "", Map.of("n", n), dtype, seed, o -> new Zero(o.output(dtype, n)));
    }

    /// @param high largest square; the norm is then on both sides of the limit
    static Workload<ClipScale> clipScale(int n, double high, double limit, long seed) {
        return new Workload<>(
                ClipScale.class,
                limit < Double.POSITIVE_INFINITY ? "" : "unlimited",
                Map.of("n", n),
                DType.F32,
                seed,
                o ->
                        new ClipScale(
                                o.uniform(DType.F32, 0.0, high, n),
                                o.output(DType.F32, 1),
                                o.output(DType.F32, 1),
                                limit));
    }

    static List<Workload<?>> probes() {
        var probes = new ArrayList<Workload<?>>();
        for (int n : PROBES)
            for (var dtype : List.of(DType.F32, DType.BF16)) {
                probes.add(squaredNorm(n, dtype, 1));
                probes.add(zero(n, dtype, 1));
            }
        probes.add(zero(1_300_000, DType.F32, 1));
        probes.add(squaredNorm(1_300_000, DType.F32, 1));
        for (int n : new int[] {1, 2, 50}) {
            probes.add(clipScale(n, 0.01, 1, 1));
            probes.add(clipScale(n, 4, 0.5, 1));
            probes.add(clipScale(n, 1, Double.POSITIVE_INFINITY, 1));
        }
        for (int n : PROBES)
            for (var gradient : List.of(DType.F32, DType.BF16))
                for (boolean copies : new boolean[] {false, true}) {
                    probes.add(adamW(n, gradient, copies, 1));
                    if (copies) probes.add(dithered(n, gradient, 1));
                }
        for (int n : new int[] {5, 33, 4097})
            for (var gradient : List.of(DType.F32, DType.BF16))
                for (int skipped : new int[] {1, 4}) probes.add(adamWInside(n, skipped, gradient));
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

    /// With a bf16 copy that is rounded stochastically.
    public static Workload<AdamW> dithered(int n, DType gradient, long seed) {
        return new Workload<>(
                AdamW.class,
                "dithered copy",
                Map.of("n", n),
                gradient,
                seed,
                o -> op(o, n, gradient, true, Rounding.STOCHASTIC));
    }

    /// Of parameters that are a part of a larger buffer, from element `skipped` on.
    private static Workload<AdamW> adamWInside(int n, int skipped, DType gradient) {
        return new Workload<>(
                AdamW.class,
                "from_" + skipped,
                Map.of("n", n),
                gradient,
                1,
                o -> {
                    var whole = op(o, skipped + n, gradient, true);
                    UnaryOperator<Tensor> part = t -> t.slice(0, skipped, skipped + n);
                    return new AdamW(
                            part.apply(whole.parameter()),
                            part.apply(whole.gradient()),
                            part.apply(whole.m()),
                            part.apply(whole.v()),
                            whole.scalars(),
                            whole.copy().map(part),
                            whole.beta1(),
                            whole.beta2(),
                            whole.eps(),
                            whole.decay(),
                            whole.rounding());
                });
    }

    private static AdamW op(Operands o, int n, DType gradient, boolean copies) {
        return op(o, n, gradient, copies, Rounding.NEAREST);
    }

    private static AdamW op(Operands o, int n, DType gradient, boolean copies, Rounding rounding) {
        float[] all = {
            LEARNING_RATE,
            (float) (1 - Math.pow(BETA1, STEP)),
            (float) (1 - Math.pow(BETA2, STEP)),
            GRADIENT_SCALE,
            Dither.key(1, STEP)
        };
        var scalars = o.values(rounding == Rounding.NEAREST ? Arrays.copyOf(all, 4) : all);
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
                0.1,
                rounding);
    }
}
