package dev.ridgeline.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.RmsNormBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;
import java.util.function.Supplier;

/// Gradients against central differences of the forward references, and what norms are known for.
class NormReferenceTest {
    private static final int ROWS = 3;
    private static final int COLS = 7;
    private static final double EPS = 1e-5;

    /// A power of two, so that adding it to [#random] is exact in f32.
    private static final double STEP = 0x1p-10;

    @Test
    void rms_norm_backward_is_the_gradient_of_rms_norm() {
        var x = random(1, ROWS, COLS);
        var weight = random(2, COLS);
        var dy = random(3, ROWS, COLS);
        var rstd = tensor(ROWS);
        var forward = new RmsNorm(x, weight, tensor(ROWS, COLS), rstd, EPS);
        fill(rstd, NormReference.rmsNorm(forward).get(1));

        var backward =
                NormReference.rmsNormBackward(
                        new RmsNormBackward(x, weight, rstd, dy, tensor(ROWS, COLS), tensor(COLS)));

        assertGradient(backward.get(0), x, dy, () -> NormReference.rmsNorm(forward).get(0));
        assertGradient(backward.get(1), weight, dy, () -> NormReference.rmsNorm(forward).get(0));
    }

    @Test
    void layer_norm_backward_is_the_gradient_of_layer_norm() {
        var x = random(1, ROWS, COLS);
        var weight = random(2, COLS);
        var bias = random(3, COLS);
        var dy = random(4, ROWS, COLS);
        var mean = tensor(ROWS);
        var rstd = tensor(ROWS);
        var forward = new LayerNorm(x, weight, bias, tensor(ROWS, COLS), mean, rstd, EPS);
        fill(mean, NormReference.layerNorm(forward).get(1));
        fill(rstd, NormReference.layerNorm(forward).get(2));

        var backward =
                NormReference.layerNormBackward(
                        new LayerNormBackward(
                                x,
                                weight,
                                mean,
                                rstd,
                                dy,
                                tensor(ROWS, COLS),
                                tensor(COLS),
                                tensor(COLS)));

        assertGradient(backward.get(0), x, dy, () -> NormReference.layerNorm(forward).get(0));
        assertGradient(backward.get(1), weight, dy, () -> NormReference.layerNorm(forward).get(0));
        assertGradient(backward.get(2), bias, dy, () -> NormReference.layerNorm(forward).get(0));
    }

    @Test
    void weight_gradients_are_added_to_what_was_there() {
        var x = random(1, ROWS, COLS);
        var weight = random(2, COLS);
        var rstd = random(3, ROWS);
        var dweight = tensor(COLS);
        var op = new RmsNormBackward(x, weight, rstd, x, tensor(ROWS, COLS), dweight);

        double[] fromZero = NormReference.rmsNormBackward(op).get(1);
        double[] there = Dense.read(random(4, COLS));
        fill(dweight, there);
        double[] sums = NormReference.rmsNormBackward(op).get(1);
        for (int c = 0; c < COLS; c++)
            assertThat(sums[c]).isCloseTo(there[c] + fromZero[c], within(1e-12));
    }

    @Test
    void a_constant_row_normalises_to_the_bias_and_to_the_weight() {
        var x = tensor(1, COLS);
        fill(x, constant(COLS, 5));
        var weight = random(1, COLS);
        var bias = random(2, COLS);

        var layer =
                NormReference.layerNorm(
                        new LayerNorm(x, weight, bias, tensor(1, COLS), tensor(1), tensor(1), EPS));
        assertThat(layer.get(0)).containsExactly(Dense.read(bias), within(1e-12));
        assertThat(layer.get(1)).containsExactly(new double[] {5}, within(1e-12));
        assertThat(layer.get(2)).containsExactly(new double[] {1 / Math.sqrt(EPS)}, within(1e-3));

        var rms = NormReference.rmsNorm(new RmsNorm(x, weight, tensor(1, COLS), tensor(1), EPS));
        assertThat(rms.get(0)).containsExactly(Dense.read(weight), within(1e-6));
    }

    /// That `gradient` is that of `Σ output · dy` with respect to `input`, whose elements this
    /// moves by a step and back.
    static void assertGradient(
            double[] gradient, Tensor input, Tensor dy, Supplier<double[]> output) {
        double[] weights = Dense.read(dy);
        double[] at = Dense.read(input);
        for (int i = 0; i < at.length; i++) {
            set(input, i, at[i] + STEP);
            double above = dot(output.get(), weights);
            set(input, i, at[i] - STEP);
            double below = dot(output.get(), weights);
            set(input, i, at[i]);
            assertThat(gradient[i])
                    .as("element %d", i)
                    .isCloseTo((above - below) / (2 * STEP), within(1e-4));
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) sum += a[i] * b[i];
        return sum;
    }

    static double[] constant(int count, double value) {
        double[] values = new double[count];
        Arrays.fill(values, value);
        return values;
    }

    static Tensor tensor(int... dims) {
        var shape = Shape.of(dims);
        return new Tensor(DType.F32, shape, HostBuffer.of(shape.count() * Float.BYTES));
    }

    /// Multiples of 1/256 in [-1, 1].
    static Tensor random(long seed, int... dims) {
        var t = tensor(dims);
        var random = new Random(seed);
        for (int i = 0; i < t.count(); i++) set(t, i, (random.nextInt(513) - 256) / 256.0);
        return t;
    }

    static void fill(Tensor t, double[] values) {
        for (int i = 0; i < values.length; i++) set(t, i, values[i]);
    }

    static void set(Tensor t, int i, double value) {
        HostBuffer.segment(t).setAtIndex(JAVA_FLOAT, i, (float) value);
    }
}
