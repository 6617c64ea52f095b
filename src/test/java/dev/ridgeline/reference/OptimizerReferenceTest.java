package dev.ridgeline.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.op.AdamW;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.Optional;

class OptimizerReferenceTest {
    /// By hand: g = 2 · 0.5 = 1; m = 0.5 · 3 + 0.5 · 1 = 2; v = 0.75 · 1 + 0.25 · 1 = 1; the
    /// corrected ones are 2 / 0.5 = 4 and 1 / 0.25 = 4, so the ratio is 4 / (2 + 2) = 1; with decay
    /// 0.5 the parameter 8 loses 0.125 · (1 + 0.5 · 8) = 0.625.
    @Test
    void a_step_by_hand() {
        var copy = new Tensor(DType.BF16, Shape.of(1), HostBuffer.of(2));
        var op =
                new AdamW(
                        tensor(8f),
                        tensor(2f),
                        tensor(3f),
                        tensor(1f),
                        tensor(0.125f, 0.5f, 0.25f, 0.5f),
                        Optional.of(copy),
                        0.5,
                        0.75,
                        2,
                        0.5);
        var written = Reference.expected(op);
        assertThat(written).hasSize(4);
        assertThat(written.get(0)).containsExactly(7.375);
        assertThat(written.get(1)).containsExactly(2);
        assertThat(written.get(2)).containsExactly(1);
        assertThat(written.get(3)).containsExactly(7.375);
    }

    /// From zero moments the corrected first step is `rate · sign(g)`, whatever the betas (arXiv
    /// 1412.6980, section 2.1).
    @Test
    void the_first_step_is_the_learning_rate() {
        double beta1 = 0.9, beta2 = 0.999;
        var op =
                new AdamW(
                        tensor(1f, 1f),
                        tensor(0.3f, -20f),
                        tensor(0f, 0f),
                        tensor(0f, 0f),
                        tensor(0.01f, (float) (1 - beta1), (float) (1 - beta2), 1f),
                        Optional.empty(),
                        beta1,
                        beta2,
                        1e-12,
                        0);
        assertThat(Reference.expected(op).getFirst())
                .containsExactly(new double[] {0.99, 1.01}, within(1e-6));
    }

    private static Tensor tensor(float... values) {
        var buffer = HostBuffer.of(4L * values.length);
        for (int i = 0; i < values.length; i++)
            buffer.segment().setAtIndex(JAVA_FLOAT, i, values[i]);
        return new Tensor(DType.F32, Shape.of(values.length), buffer);
    }
}
