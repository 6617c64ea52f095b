package dev.ridgeline.oracle;

import static dev.ridgeline.tensor.DType.F32;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Residual;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.RmsNormBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;
import java.util.Optional;

class NormOracleTest {
    private static final int ROWS = 4;
    private static final int COLS = 13;

    @ParameterizedTest
    @CsvSource({"F32, 1e-5", "BF16, 1e-2"})
    void rms_norm(DType dtype, double eps) {
        Oracle.agree(
                RmsNorm.class,
                o ->
                        new RmsNorm(
                                o.uniform(dtype, ROWS, COLS),
                                o.uniform(F32, COLS),
                                o.output(dtype, ROWS, COLS),
                                o.output(F32, ROWS),
                                eps),
                """
                x, weight = inputs
                rstd = torch.rsqrt(torch.mean(x * x, [1]) + %s)
                return [torch.rms_norm(x, [%d], weight, %s), rstd]
                """
                        .formatted(eps, COLS, eps),
                op -> List.of(op.x(), op.weight()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @CsvSource({"F32, 1e-5", "BF16, 1e-2"})
    void rms_norm_backward(DType dtype, double eps) {
        Oracle.agree(
                RmsNormBackward.class,
                o -> {
                    Tensor x = o.uniform(dtype, ROWS, COLS);
                    Tensor weight = o.uniform(F32, COLS);
                    Tensor rstd = o.output(F32, ROWS);
                    Oracle.computed(
                            new RmsNorm(x, weight, o.output(dtype, ROWS, COLS), rstd, eps), rstd);
                    return new RmsNormBackward(
                            x,
                            weight,
                            rstd,
                            o.uniform(dtype, ROWS, COLS),
                            o.output(dtype, ROWS, COLS),
                            o.uniform(F32, COLS));
                },
                """
                x, weight, dy, dweight = inputs
                self.track([x, weight])
                y = torch.rms_norm(x, [%d], weight, %s)
                gx, gw = self.gradients(y, dy, [x, weight])
                return [gx, dweight + gw]
                """
                        .formatted(COLS, eps),
                op -> List.of(op.x(), op.weight(), op.dy(), op.dweight()),
                Oracle.SAVED_AS_F32);
    }

    @ParameterizedTest
    @CsvSource({"F32, 1e-5", "BF16, 1e-2"})
    void layer_norm(DType dtype, double eps) {
        Oracle.agree(
                LayerNorm.class,
                o ->
                        new LayerNorm(
                                o.uniform(dtype, -1.0, 3.0, ROWS, COLS),
                                o.uniform(F32, COLS),
                                o.uniform(F32, COLS),
                                o.output(dtype, ROWS, COLS),
                                o.output(F32, ROWS),
                                o.output(F32, ROWS),
                                eps),
                """
                x, weight, bias = inputs
                y, mean, rstd = torch.native_layer_norm(x, [%d], weight, bias, %s)
                return [y, torch.flatten(mean), torch.flatten(rstd)]
                """
                        .formatted(COLS, eps),
                op -> List.of(op.x(), op.weight(), op.bias()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @CsvSource({"F32, 1e-5", "BF16, 1e-2"})
    void layer_norm_backward(DType dtype, double eps) {
        Oracle.agree(
                LayerNormBackward.class,
                o -> {
                    Tensor x = o.uniform(dtype, -1.0, 3.0, ROWS, COLS);
                    Tensor weight = o.uniform(F32, COLS);
                    Tensor mean = o.output(F32, ROWS);
                    Tensor rstd = o.output(F32, ROWS);
                    Oracle.computed(
                            new LayerNorm(
                                    x,
                                    weight,
                                    o.uniform(F32, COLS),
                                    o.output(dtype, ROWS, COLS),
                                    mean,
                                    rstd,
                                    eps),
                            mean,
                            rstd);
                    return new LayerNormBackward(
                            x,
                            weight,
                            mean,
                            rstd,
                            o.uniform(dtype, ROWS, COLS),
                            o.output(dtype, ROWS, COLS),
                            o.uniform(F32, COLS),
                            o.uniform(F32, COLS));
                },
                """
                x, weight, dy, dweight, dbias = inputs
                bias = torch.zeros_like(weight)
                self.track([x, weight, bias])
                y = torch.layer_norm(x, [%d], weight, bias, %s)
                gx, gw, gb = self.gradients(y, dy, [x, weight, bias])
                return [gx, dweight + gw, dbias + gb]
                """
                        .formatted(COLS, eps),
                op -> List.of(op.x(), op.weight(), op.dy(), op.dweight(), op.dbias()),
                Oracle.SAVED_AS_F32);
    }

    /// The norm takes the sum as memory keeps it.
    @ParameterizedTest
    @CsvSource({"F32, 6", "BF16, 15"})
    void norms_of_a_sum(DType dtype, int stored) {
        Oracle.agree(
                RmsNorm.class,
                o ->
                        new RmsNorm(
                                o.uniform(dtype, ROWS, COLS),
                                o.uniform(F32, COLS),
                                o.output(dtype, ROWS, COLS),
                                o.output(F32, ROWS),
                                1e-5,
                                residual(o, dtype)),
                """
                x, weight, branch = inputs
                total = x + branch
                kept = total.to(%d).to(7)
                rstd = torch.rsqrt(torch.mean(kept * kept, [1]) + 1e-5)
                return [torch.rms_norm(kept, [%d], weight, 1e-5), rstd, total]
                """
                        .formatted(stored, COLS),
                op -> List.of(op.x(), op.weight(), op.residual().orElseThrow().branch()),
                Oracle.DOUBLE);
        Oracle.agree(
                LayerNorm.class,
                o ->
                        new LayerNorm(
                                o.uniform(dtype, -1.0, 3.0, ROWS, COLS),
                                o.uniform(F32, COLS),
                                o.uniform(F32, COLS),
                                o.output(dtype, ROWS, COLS),
                                o.output(F32, ROWS),
                                o.output(F32, ROWS),
                                1e-5,
                                residual(o, dtype)),
                """
                x, weight, bias, branch = inputs
                total = x + branch
                kept = total.to(%d).to(7)
                y, mean, rstd = torch.native_layer_norm(kept, [%d], weight, bias, 1e-5)
                return [y, torch.flatten(mean), torch.flatten(rstd), total]
                """
                        .formatted(stored, COLS),
                op -> List.of(op.x(), op.weight(), op.bias(), op.residual().orElseThrow().branch()),
                Oracle.DOUBLE);
    }

    private static Optional<Residual> residual(Operands o, DType dtype) {
        return Optional.of(new Residual(o.uniform(dtype, ROWS, COLS), o.output(dtype, ROWS, COLS)));
    }

    /// Through the sum the gradient reaches the stream by the norm and beside it.
    @Test
    void gradients_of_a_stream_that_a_norm_is_taken_of() {
        Oracle.agree(
                RmsNormBackward.class,
                o -> {
                    Tensor x = o.uniform(F32, ROWS, COLS);
                    Tensor weight = o.uniform(F32, COLS);
                    Tensor rstd = o.output(F32, ROWS);
                    Oracle.computed(
                            new RmsNorm(x, weight, o.output(F32, ROWS, COLS), rstd, 1e-5), rstd);
                    return new RmsNormBackward(
                            x,
                            weight,
                            rstd,
                            o.uniform(F32, ROWS, COLS),
                            o.output(F32, ROWS, COLS),
                            o.uniform(F32, COLS),
                            Optional.of(o.uniform(F32, ROWS, COLS)));
                },
                """
                x, weight, dy, dweight, beside = inputs
                self.track([x, weight])
                y = torch.rms_norm(x, [%d], weight, 1e-5)
                gx, gw = self.gradients(torch.cat([y, x], 1), torch.cat([dy, beside], 1), [x, weight])
                return [gx, dweight + gw]
                """
                        .formatted(COLS),
                op ->
                        List.of(
                                op.x(),
                                op.weight(),
                                op.dy(),
                                op.dweight(),
                                op.residual().orElseThrow()),
                Oracle.SAVED_AS_F32);
        Oracle.agree(
                LayerNormBackward.class,
                o -> {
                    Tensor x = o.uniform(F32, ROWS, COLS);
                    Tensor weight = o.uniform(F32, COLS);
                    Tensor mean = o.output(F32, ROWS);
                    Tensor rstd = o.output(F32, ROWS);
                    Oracle.computed(
                            new LayerNorm(
                                    x,
                                    weight,
                                    o.uniform(F32, COLS),
                                    o.output(F32, ROWS, COLS),
                                    mean,
                                    rstd,
                                    1e-5),
                            mean,
                            rstd);
                    return new LayerNormBackward(
                            x,
                            weight,
                            mean,
                            rstd,
                            o.uniform(F32, ROWS, COLS),
                            o.output(F32, ROWS, COLS),
                            o.uniform(F32, COLS),
                            o.uniform(F32, COLS),
                            Optional.of(o.uniform(F32, ROWS, COLS)));
                },
                """
                x, weight, dy, dweight, dbias, beside = inputs
                bias = torch.zeros_like(weight)
                self.track([x, weight, bias])
                y = torch.layer_norm(x, [%d], weight, bias, 1e-5)
                g = torch.cat([dy, beside], 1)
                gx, gw, gb = self.gradients(torch.cat([y, x], 1), g, [x, weight, bias])
                return [gx, dweight + gw, dbias + gb]
                """
                        .formatted(COLS),
                op ->
                        List.of(
                                op.x(),
                                op.weight(),
                                op.dy(),
                                op.dweight(),
                                op.dbias(),
                                op.residual().orElseThrow()),
                Oracle.SAVED_AS_F32);
    }
}
