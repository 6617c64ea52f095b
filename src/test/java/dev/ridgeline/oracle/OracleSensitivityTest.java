package dev.ridgeline.oracle;

import static dev.ridgeline.tensor.DType.F32;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.Rope;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.reference.Dense;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.function.Function;

/// The oracle would notice: a formula that is nearly right, or one input that is nearly the same,
/// is a disagreement even at the widest tolerance in use.
class OracleSensitivityTest {
    private static <O extends Op> void disagree(
            Class<O> type,
            Function<Operands, O> make,
            String script,
            Function<O, List<Tensor>> inputs) {
        assertThatThrownBy(() -> Oracle.agree(type, make, script, inputs, 8 * Oracle.SAVED_AS_F32))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("elements that differ");
    }

    private static Gemm square(Operands o) {
        return new Gemm(Form.NT, o.uniform(F32, 5, 5), o.uniform(F32, 5, 5), o.output(F32, 5, 5));
    }

    private static Attention attention(Operands o) {
        return new Attention(
                o.uniform(F32, 1, 2, 6, 8),
                o.uniform(F32, 1, 2, 6, 8),
                o.uniform(F32, 1, 2, 6, 8),
                o.output(F32, 1, 2, 6, 8),
                o.output(F32, 1, 2, 6),
                true,
                0.3);
    }

    private static final String ATTENTION =
            """
            q, k, v = inputs
            scores = torch.matmul(q, torch.transpose(k, 2, 3)) * %s
            hidden = torch.gt(torch.triu(torch.ones_like(scores), %d), 0)
            scores = torch.masked_fill(scores, hidden, -1.e300)
            return [torch.matmul(torch.softmax(scores, -1), v), torch.logsumexp(scores, [-1])]
            """;

    private static final Function<Attention, List<Tensor>> QKV =
            op -> List.of(op.q(), op.k(), op.v());

    @Test
    void a_transposed_operand() {
        disagree(
                Gemm.class,
                OracleSensitivityTest::square,
                "a, b = inputs\nreturn [torch.matmul(a, b)]",
                op -> List.of(op.a(), op.b()));
    }

    @Test
    void a_mask_that_is_one_key_off() {
        disagree(
                Attention.class,
                OracleSensitivityTest::attention,
                ATTENTION.formatted(0.3, 2),
                QKV);
    }

    @Test
    void a_scale_of_another_head_dim() {
        disagree(
                Attention.class,
                OracleSensitivityTest::attention,
                ATTENTION.formatted(0.31, 1),
                QKV);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void an_input_with_one_element_nudged(int which) {
        disagree(
                Attention.class,
                OracleSensitivityTest::attention,
                ATTENTION.formatted(0.3, 1),
                op -> {
                    var inputs = QKV.apply(op);
                    double[] values = Dense.read(inputs.get(which));
                    values[13] += 0.01;
                    Oracle.store(values, inputs.get(which));
                    return inputs;
                });
    }

    @Test
    void a_layer_norm_with_the_unbiased_variance() {
        disagree(
                LayerNorm.class,
                o ->
                        new LayerNorm(
                                o.uniform(F32, 3, 50),
                                o.uniform(F32, 50),
                                o.uniform(F32, 50),
                                o.output(F32, 3, 50),
                                o.output(F32, 3),
                                o.output(F32, 3),
                                1e-5),
                """
                x, weight, bias = inputs
                mean = torch.mean(x, [1], True)
                rstd = torch.rsqrt(torch.var(x, [1], True, True) + 1e-5)
                y = (x - mean) * rstd * weight + bias
                return [y, torch.flatten(mean), torch.flatten(rstd)]
                """,
                op -> List.of(op.x(), op.weight(), op.bias()));
    }

    @Test
    void an_rms_norm_without_eps() {
        disagree(
                RmsNorm.class,
                o ->
                        new RmsNorm(
                                o.uniform(F32, 3, 50),
                                o.uniform(F32, 50),
                                o.output(F32, 3, 50),
                                o.output(F32, 3),
                                1e-3),
                """
                x, weight = inputs
                rstd = torch.rsqrt(torch.mean(x * x, [1], True))
                return [x * rstd * weight, torch.flatten(rstd)]
                """,
                op -> List.of(op.x(), op.weight()));
    }

    @Test
    void a_softmax_over_the_other_axis() {
        disagree(
                Softmax.class,
                o -> new Softmax(o.uniform(F32, 7, 7), o.output(F32, 7, 7)),
                "return [torch.softmax(inputs[0], 0)]",
                op -> List.of(op.x()));
    }

    @Test
    void a_loss_that_counts_ignored_targets() {
        disagree(
                CrossEntropy.class,
                o ->
                        new CrossEntropy(
                                o.uniform(F32, 9, 7),
                                o.integers(-7, 7, 9),
                                o.output(F32, 9),
                                o.output(F32, 9, 7),
                                1),
                """
                logits, targets = inputs
                self.track([logits])
                losses = torch.cross_entropy_loss(logits, torch.clamp(targets, 0), None, 0)
                return [losses] + self.gradients(losses, torch.ones_like(losses), [logits])
                """,
                op -> List.of(op.logits(), op.targets()));
    }

    @Test
    void the_exact_gelu() {
        disagree(
                Gelu.class,
                o -> new Gelu(o.uniform(F32, 99), o.output(F32, 99)),
                "return [torch.gelu(inputs[0])]",
                op -> List.of(op.x()));
    }

    @Test
    void a_swi_glu_with_gate_and_up_exchanged() {
        disagree(
                SwiGlu.class,
                o -> new SwiGlu(o.uniform(F32, 3, 9), o.uniform(F32, 3, 9), o.output(F32, 3, 9)),
                "gate, up = inputs\nreturn [torch.silu(up) * gate]",
                op -> List.of(op.gate(), op.up()));
    }

    /// The layout of the paper, which public Llama checkpoints do not use.
    @Test
    void a_rope_of_neighbouring_pairs() {
        disagree(
                Rope.class,
                o ->
                        new Rope(
                                o.uniform(F32, 1, 1, 5, 8),
                                o.uniform(F32, 4),
                                o.output(F32, 1, 1, 5, 8),
                                0,
                                false),
                """
                x, frequencies = inputs
                angle = torch.outer(torch.arange(5, dtype=7), frequencies)
                pairs = torch.view_as_complex(torch.reshape(x, [1, 1, 5, 4, 2]))
                turned = pairs * torch.polar(torch.ones_like(angle), angle)
                return [torch.reshape(torch.view_as_real(turned), [1, 1, 5, 8])]
                """,
                op -> List.of(op.x(), op.frequencies()));
    }

    @Test
    void a_script_that_does_not_compile_says_where() {
        assertThatThrownBy(() -> Oracle.run("return [torch.no_such_operator()]", List.of()))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("no_such_operator");
    }
}
