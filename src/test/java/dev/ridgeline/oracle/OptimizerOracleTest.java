package dev.ridgeline.oracle;

import static dev.ridgeline.tensor.DType.BF16;
import static dev.ridgeline.tensor.DType.F32;

import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.ClipScale;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.reference.Reference;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Map;
import java.util.Optional;

class OptimizerOracleTest {
    private static final int COUNT = 37;
    private static final double RATE = 1e-2;
    private static final double BETA_1 = 0.9;
    private static final double BETA_2 = 0.95;
    private static final double EPS = 1e-8;

    /// The operator behind `torch.optim.AdamW(fused=True)`. Its `grad_scale` divides. It returns
    /// nothing, and TorchScript drops the call unless the lists it was given are read afterwards.
    private static final String FUSED =
            """
            p, g, m, v = inputs
            step = torch.full([], %s, dtype=6)
            none = annotate(List[Tensor], [])
            ps = [p]
            ms = [m]
            vs = [v]
            torch._fused_adamw_(ps, [g], ms, vs, none, [step], lr=%s, beta1=%s, beta2=%s, \
            weight_decay=%s, eps=%s, amsgrad=False, maximize=False, \
            grad_scale=torch.full([], %s, dtype=6))
            return ps + ms + vs%s
            """;

    /// Learning rate and bias corrections reach the op as f32, PyTorch as double: 2^-24 of an
    /// update, which is a few times the learning rate.
    private static final double SCALARS_AS_F32 = 8 * RATE * 0x1p-24;

    @ParameterizedTest
    @CsvSource({"F32, false, 0.1, 1", "BF16, true, 0, 0.5"})
    void steps(DType gradient, boolean copied, double decay, float gradientScale) {
        var workload =
                new Workload<>(
                        AdamW.class,
                        "",
                        Map.of(),
                        F32,
                        7,
                        o ->
                                new AdamW(
                                        o.uniform(F32, COUNT),
                                        o.uniform(gradient, COUNT),
                                        o.uniform(F32, COUNT),
                                        o.uniform(F32, 0.0, 1.0, COUNT),
                                        o.output(F32, 4),
                                        copied
                                                ? Optional.of(o.output(BF16, COUNT))
                                                : Optional.empty(),
                                        BETA_1,
                                        BETA_2,
                                        EPS,
                                        decay));
        try (var instance = workload.onHost()) {
            var op = instance.op();
            for (int step = 1; step <= 5; step++) {
                double[] scalars = {
                    RATE, 1 - Math.pow(BETA_1, step), 1 - Math.pow(BETA_2, step), gradientScale
                };
                Oracle.store(scalars, op.scalars());
                var ours = Reference.expected(op);
                var script =
                        FUSED.formatted(
                                (double) step,
                                RATE,
                                BETA_1,
                                BETA_2,
                                decay,
                                EPS,
                                1.0 / gradientScale,
                                copied ? " + ps" : "");
                var torch =
                        Oracle.run(script, List.of(op.parameter(), op.gradient(), op.m(), op.v()));
                for (int i = 0; i < op.writes().size(); i++)
                    Oracle.assertClose(
                            "step " + step + " output " + i,
                            ours.get(i),
                            torch.get(i),
                            SCALARS_AS_F32);
                for (int i = 0; i < 3; i++) Oracle.store(ours.get(i), op.writes().get(i));
            }
        }
    }

    @Test
    void squared_norm() {
        Oracle.agree(
                SquaredNorm.class,
                o -> new SquaredNorm(o.uniform(F32, 3, COUNT), o.output(F32, 1)),
                "return [torch.reshape(torch.sum(inputs[0] * inputs[0]), [1])]",
                op -> List.of(op.x()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 100})
    void clip_scale(double limit) {
        Oracle.agree(
                ClipScale.class,
                o ->
                        new ClipScale(
                                o.uniform(F32, 0.0, 1.0, COUNT),
                                o.output(F32, 1),
                                o.output(F32, 1),
                                limit),
                """
                norm = torch.reshape(torch.sqrt(torch.sum(inputs[0])), [1])
                return [norm, torch.clamp(%s / (norm + 1.0e-6), None, 1.0)]
                """
                        .formatted(limit),
                op -> List.of(op.squares()),
                Oracle.DOUBLE);
    }
}
