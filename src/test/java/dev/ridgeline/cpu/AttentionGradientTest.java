package dev.ridgeline.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.reference.Dense;
import dev.ridgeline.reference.Reference;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Random;

/// The reference's gradients are the slopes of the reference's forward.
class AttentionGradientTest {
    private static final double SCALE = 0.7;
    // exact in f32, as the inputs are
    private static final double STEP = 0x1p-10;
    private static final double TOLERANCE = 2e-5;

    private final Random random = new Random(5);
    private final Tensor q = inputs(2, 4, 5, 8);
    private final Tensor k = inputs(2, 2, 5, 8);
    private final Tensor v = inputs(2, 2, 5, 8);
    private final Tensor dout = inputs(2, 4, 5, 8);
    private final Tensor out = tensor(2, 4, 5, 8);
    private final Tensor lse = tensor(2, 4, 5);

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void the_backward_is_the_slope_of_the_forward(boolean causal) {
        var forward = new Attention(q, k, v, out, lse, causal, SCALE);
        var results = Reference.expected(forward);
        fill(out, results.getFirst());
        fill(lse, results.getLast());
        var gradients =
                Reference.expected(
                        new AttentionBackward(q, k, v, out, lse, dout, q, k, v, causal, SCALE));
        var inputs = List.of(q, k, v);
        for (int t = 0; t < inputs.size(); t++) {
            for (int i = 0; i < inputs.get(t).count(); i++)
                assertEquals(
                        slope(forward, inputs.get(t), i),
                        gradients.get(t)[i],
                        TOLERANCE,
                        "output " + t + ", element " + i);
        }
    }

    /// Central difference of `Σ dout · out` in one element of `input`.
    private double slope(Attention forward, Tensor input, int i) {
        var memory = HostBuffer.segment(input);
        float x = memory.getAtIndex(JAVA_FLOAT, i);
        memory.setAtIndex(JAVA_FLOAT, i, (float) (x + STEP));
        double above = loss(forward);
        memory.setAtIndex(JAVA_FLOAT, i, (float) (x - STEP));
        double below = loss(forward);
        memory.setAtIndex(JAVA_FLOAT, i, x);
        return (above - below) / (2 * STEP);
    }

    private double loss(Attention forward) {
        double[] result = Reference.expected(forward).getFirst();
        double[] weights = Dense.read(dout);
        double sum = 0;
        for (int i = 0; i < result.length; i++) sum += weights[i] * result[i];
        return sum;
    }

    /// Multiples of 2^-12 in [-1, 1).
    private Tensor inputs(int... dims) {
        var t = tensor(dims);
        double[] values = new double[Math.toIntExact(t.count())];
        for (int i = 0; i < values.length; i++) values[i] = random.nextInt(-4096, 4096) * 0x1p-12;
        fill(t, values);
        return t;
    }

    private static Tensor tensor(int... dims) {
        var shape = Shape.of(dims);
        return new Tensor(DType.F32, shape, HostBuffer.of(shape.count() * 4));
    }

    private static void fill(Tensor t, double[] values) {
        var memory = HostBuffer.segment(t);
        for (int i = 0; i < values.length; i++) memory.setAtIndex(JAVA_FLOAT, i, (float) values[i]);
    }
}
