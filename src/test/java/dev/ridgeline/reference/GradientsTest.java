package dev.ridgeline.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.Rope;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;

/// The backward references against central differences of the forward ones, in double.
class GradientsTest {
    private static final int ROWS = 3;
    private static final int COLS = 8;

    /// Exact in f32 around the inputs; the differences are then off by the step's square times a
    /// sixth of the third derivative, which is below 1.
    private static final float STEP = 0x1p-8f;

    private static final double TOLERANCE = 0x1p-17;

    private final Random random = new Random(7);

    @Test
    void swi_glu() {
        var gate = uniform(4, ROWS, COLS);
        var up = uniform(1, ROWS, COLS);
        var dy = uniform(1, ROWS, COLS);
        var y = zeros(ROWS, COLS);
        var gradients =
                Reference.expected(
                        new SwiGluBackward(gate, up, dy, zeros(ROWS, COLS), zeros(ROWS, COLS)));
        Supplier<double[]> forward = () -> Reference.expected(new SwiGlu(gate, up, y)).getFirst();
        assertSlopes(gradients.get(0), gate, dy, forward);
        assertSlopes(gradients.get(1), up, dy, forward);
    }

    @Test
    void gelu() {
        var x = uniform(4, ROWS, COLS);
        var dy = uniform(1, ROWS, COLS);
        var gradient = Reference.expected(new GeluBackward(x, dy, zeros(ROWS, COLS)));
        assertSlopes(
                gradient.getFirst(),
                x,
                dy,
                () -> Reference.expected(new Gelu(x, zeros(ROWS, COLS))).getFirst());
    }

    @Test
    void rope_is_undone_by_its_inverse_which_is_its_gradient() {
        var x = uniform(1, 1, 2, ROWS, COLS);
        var dy = uniform(1, 1, 2, ROWS, COLS);
        var y = zeros(1, 2, ROWS, COLS);
        var frequencies = tensor(1f, 0.3f, 0.1f, 0.03f);
        var back = new Rope(dy, frequencies, y, 5, true);
        assertSlopes(
                Reference.expected(back).getFirst(),
                x,
                dy,
                () -> Reference.expected(new Rope(x, frequencies, y, 5, false)).getFirst());
    }

    @Test
    void rope_turns_pairs_of_the_two_halves() {
        var x = tensor(1f, 2f, 0f, 0f).view(1, 1, 1, 4);
        var y = zeros(1, 1, 1, 4);
        var frequencies = tensor((float) Math.PI / 4, 0f);
        var turned = Reference.expected(new Rope(x, frequencies, y, 2, false)).getFirst();
        assertThat(turned).containsExactly(new double[] {0, 2, 1, 0}, within(1e-6));
    }

    @Test
    void embedding_with_repeated_and_stray_tokens() {
        var tokens = integers(2, 0, 2, 9, 2, -1);
        var table = uniform(1, 4, COLS);
        var positions = uniform(1, 3, COLS);
        var dy = uniform(1, 6, COLS);
        var gradients =
                Reference.expected(
                        new EmbeddingBackward(
                                tokens, dy, zeros(4, COLS), Optional.of(zeros(3, COLS))));
        Supplier<double[]> forward =
                () -> {
                    var op = new Embedding(tokens, table, Optional.of(positions), zeros(6, COLS));
                    return Reference.expected(op).getFirst();
                };
        assertThat(forward.get()[3 * COLS]).isNaN();
        assertSlopes(gradients.getFirst(), table, dy, () -> withoutNan(forward.get()));
        for (int c = 0; c < COLS; c++)
            assertThat(gradients.get(1)[c])
                    .isEqualTo((double) at(dy, c) + at(dy, 3 * COLS + c), within(1e-12));
    }

    @Test
    void bias_gradient_adds_to_what_is_there() {
        var dy = tensor(1f, 2f, 3f, 4f, 5f, 6f).view(3, 2);
        var dbias = tensor(100f, 200f);
        assertThat(Reference.expected(new BiasGradient(dy, dbias)).getFirst())
                .containsExactly(109, 212);
    }

    /// Checks `gradient` against the slopes of `Σ weights · forward` along each element of `x`.
    private static void assertSlopes(
            double[] gradient, Tensor x, Tensor weights, Supplier<double[]> forward) {
        for (int i = 0; i < gradient.length; i++) {
            float was = at(x, i);
            set(x, i, was + STEP);
            double above = dot(weights, forward.get());
            set(x, i, was - STEP);
            double below = dot(weights, forward.get());
            set(x, i, was);
            double wide = (double) (was + STEP) - (was - STEP);
            assertThat(gradient[i]).isEqualTo((above - below) / wide, within(TOLERANCE));
        }
    }

    private static double dot(Tensor weights, double[] values) {
        double[] w = Dense.read(weights);
        double sum = 0;
        for (int i = 0; i < w.length; i++) sum += w[i] * values[i];
        return sum;
    }

    private static double[] withoutNan(double[] values) {
        for (int i = 0; i < values.length; i++) if (Double.isNaN(values[i])) values[i] = 0;
        return values;
    }

    private Tensor uniform(float size, int... dims) {
        var t = zeros(dims);
        for (int i = 0; i < t.count(); i++) set(t, i, random.nextFloat(-size, size));
        return t;
    }

    private static Tensor zeros(int... dims) {
        var shape = Shape.of(dims);
        return new Tensor(DType.F32, shape, HostBuffer.of(shape.count() * Float.BYTES));
    }

    private static Tensor tensor(float... values) {
        var t = zeros(values.length);
        for (int i = 0; i < values.length; i++) set(t, i, values[i]);
        return t;
    }

    private static Tensor integers(int... values) {
        var t = new Tensor(DType.I32, Shape.of(values.length), HostBuffer.of(4L * values.length));
        for (int i = 0; i < values.length; i++)
            HostBuffer.segment(t).setAtIndex(JAVA_INT, i, values[i]);
        return t;
    }

    private static float at(Tensor t, int i) {
        return HostBuffer.segment(t).getAtIndex(JAVA_FLOAT, i);
    }

    private static void set(Tensor t, int i, float value) {
        HostBuffer.segment(t).setAtIndex(JAVA_FLOAT, i, value);
    }
}
