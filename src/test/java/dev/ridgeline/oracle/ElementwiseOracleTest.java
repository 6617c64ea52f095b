package dev.ridgeline.oracle;

import static dev.ridgeline.tensor.DType.F32;

import dev.ridgeline.op.Add;
import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.Copy;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.Scale;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.op.Triad;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;

class ElementwiseOracleTest {
    private static final int ROWS = 5;
    private static final int COLS = 19;

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void swi_glu(DType dtype) {
        Oracle.agree(
                SwiGlu.class,
                o ->
                        new SwiGlu(
                                o.uniform(dtype, -9.0, 9.0, ROWS, COLS),
                                o.uniform(dtype, ROWS, COLS),
                                o.output(dtype, ROWS, COLS)),
                "gate, up = inputs\nreturn [torch.silu(gate) * up]",
                op -> List.of(op.gate(), op.up()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void swi_glu_backward(DType dtype) {
        Oracle.agree(
                SwiGluBackward.class,
                o ->
                        new SwiGluBackward(
                                o.uniform(dtype, -9.0, 9.0, ROWS, COLS),
                                o.uniform(dtype, ROWS, COLS),
                                o.uniform(dtype, ROWS, COLS),
                                o.output(dtype, ROWS, COLS),
                                o.output(dtype, ROWS, COLS)),
                """
                gate, up, dy = inputs
                self.track([gate, up])
                return self.gradients(torch.silu(gate) * up, dy, [gate, up])
                """,
                op -> List.of(op.gate(), op.up(), op.dy()),
                Oracle.DOUBLE);
    }

    @Test
    void swi_glu_of_the_halves_of_one_projection() {
        Oracle.agree(
                SwiGlu.class,
                o -> {
                    var both = o.uniform(F32, -9.0, 9.0, ROWS, 2 * COLS);
                    return new SwiGlu(
                            both.slice(1, 0, COLS),
                            both.slice(1, COLS, 2 * COLS),
                            o.output(F32, ROWS, COLS));
                },
                "gate, up = inputs\nreturn [torch.silu(gate) * up]",
                op -> List.of(op.gate(), op.up()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void gelu(DType dtype) {
        Oracle.agree(
                Gelu.class,
                o -> new Gelu(o.uniform(dtype, -9.0, 9.0, ROWS, COLS), o.output(dtype, ROWS, COLS)),
                "x = inputs[0]\nreturn [torch.gelu(x, approximate=\"tanh\")]",
                op -> List.of(op.x()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void gelu_backward(DType dtype) {
        Oracle.agree(
                GeluBackward.class,
                o ->
                        new GeluBackward(
                                o.uniform(dtype, -9.0, 9.0, ROWS, COLS),
                                o.uniform(dtype, ROWS, COLS),
                                o.output(dtype, ROWS, COLS)),
                """
                x, dy = inputs
                self.track([x])
                return self.gradients(torch.gelu(x, approximate="tanh"), dy, [x])
                """,
                op -> List.of(op.x(), op.dy()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void add(DType dtype) {
        Oracle.agree(
                Add.class,
                o ->
                        new Add(
                                o.uniform(dtype, ROWS, COLS),
                                o.uniform(dtype, ROWS, COLS),
                                o.output(dtype, ROWS, COLS)),
                "a, b = inputs\nreturn [a + b]",
                op -> List.of(op.a(), op.b()),
                Oracle.DOUBLE);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void bias_gradient(DType dtype) {
        Oracle.agree(
                BiasGradient.class,
                o -> new BiasGradient(o.uniform(dtype, ROWS, COLS), o.uniform(F32, COLS)),
                """
                dy, dbias = inputs
                bias = torch.zeros_like(dbias)
                self.track([bias])
                return [dbias + self.gradients(torch.zeros_like(dy) + bias, dy, [bias])[0]]
                """,
                op -> List.of(op.dy(), op.dbias()),
                Oracle.DOUBLE);
    }

    @Test
    void copy() {
        Oracle.agree(
                Copy.class,
                o -> new Copy(o.uniform(F32, COLS), o.output(F32, COLS)),
                "return [torch.clone(inputs[0])]",
                op -> List.of(op.from()),
                0);
    }

    @Test
    void scale() {
        Oracle.agree(
                Scale.class,
                o -> new Scale(o.uniform(F32, COLS), o.output(F32, COLS), 1.7f),
                "return [inputs[0] * %s]".formatted((double) 1.7f),
                op -> List.of(op.from()),
                Oracle.DOUBLE);
    }

    @Test
    void triad() {
        Oracle.agree(
                Triad.class,
                o ->
                        new Triad(
                                o.uniform(F32, COLS),
                                o.uniform(F32, COLS),
                                o.output(F32, COLS),
                                1.7f),
                "return [torch.add(inputs[0], inputs[1], alpha=%s)]".formatted((double) 1.7f),
                op -> List.of(op.a(), op.b()),
                Oracle.DOUBLE);
    }

    @Test
    void fma_loop() {
        Oracle.agree(
                FmaLoop.class,
                o -> new FmaLoop(o.output(F32, 150), 1000),
                """
                x = torch.remainder(torch.arange(150, dtype=7), %d)
                a = torch.full_like(x, %s)
                b = torch.full_like(x, %s)
                for i in range(1000):
                  x = torch.addcmul(x, a, b)
                return [x]
                """
                        .formatted(FmaLoop.STARTS, FmaLoop.A, FmaLoop.B),
                op -> List.of(op.lanes()),
                0);
    }
}
