package dev.ridgeline.reference;

import static dev.ridgeline.reference.NormReferenceTest.assertGradient;
import static dev.ridgeline.reference.NormReferenceTest.constant;
import static dev.ridgeline.reference.NormReferenceTest.fill;
import static dev.ridgeline.reference.NormReferenceTest.random;
import static dev.ridgeline.reference.NormReferenceTest.set;
import static dev.ridgeline.reference.NormReferenceTest.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SoftmaxBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;

/// Gradients against central differences, and what softmax and cross-entropy are known for.
class SoftmaxReferenceTest {
    private static final int ROWS = 3;
    private static final int COLS = 7;

    @Test
    void softmax_backward_is_the_gradient_of_softmax() {
        var x = random(1, ROWS, COLS);
        var dy = random(2, ROWS, COLS);
        var forward = new Softmax(x, tensor(ROWS, COLS));
        var y = tensor(ROWS, COLS);
        fill(y, SoftmaxReference.softmax(forward).get(0));

        var backward =
                SoftmaxReference.softmaxBackward(new SoftmaxBackward(y, dy, tensor(ROWS, COLS)));

        assertGradient(backward.get(0), x, dy, () -> SoftmaxReference.softmax(forward).get(0));
    }

    @Test
    void dlogits_are_the_gradient_of_the_scaled_losses() {
        var logits = random(1, ROWS, COLS);
        double scale = 0.25;
        var op = crossEntropy(logits, scale, 0, -1, 6);
        var scales = tensor(ROWS);
        fill(scales, constant(ROWS, scale));

        assertGradient(
                SoftmaxReference.crossEntropy(op).get(1),
                logits,
                scales,
                () -> SoftmaxReference.crossEntropy(op).get(0));
    }

    @Test
    void rows_of_softmax_sum_to_one_and_do_not_change_when_all_elements_do() {
        var x = random(1, ROWS, COLS);
        double[] y = SoftmaxReference.softmax(new Softmax(x, tensor(ROWS, COLS))).get(0);
        for (int r = 0; r < ROWS; r++) assertThat(rowSum(y, r)).isCloseTo(1, within(1e-14));

        double[] values = Dense.read(x);
        for (int i = 0; i < values.length; i++) set(x, i, values[i] + 1000);
        assertThat(SoftmaxReference.softmax(new Softmax(x, tensor(ROWS, COLS))).get(0))
                .containsExactly(y, within(1e-12));
    }

    @Test
    void rows_of_dlogits_sum_to_zero() {
        var op = crossEntropy(random(1, ROWS, COLS), 3, 2, 4, 0);
        double[] dlogits = SoftmaxReference.crossEntropy(op).get(1);
        for (int r = 0; r < ROWS; r++) assertThat(rowSum(dlogits, r)).isCloseTo(0, within(1e-14));
    }

    @Test
    void equal_logits_lose_the_logarithm_of_the_vocabulary() {
        var logits = tensor(ROWS, COLS);
        fill(logits, constant(ROWS * COLS, -300));
        assertThat(SoftmaxReference.crossEntropy(crossEntropy(logits, 1, 0, 3, 6)).get(0))
                .containsExactly(constant(ROWS, Math.log(COLS)), within(1e-12));
    }

    @Test
    void ignored_rows_are_zero_and_targets_out_of_range_nan() {
        var results =
                SoftmaxReference.crossEntropy(
                        crossEntropy(random(1, ROWS, COLS), 1, -100, COLS, COLS - 1));
        assertThat(results.get(0)[0]).isZero();
        assertThat(results.get(0)[1]).isNaN();
        assertThat(results.get(0)[2]).isPositive();
        for (int c = 0; c < COLS; c++) {
            assertThat(results.get(1)[c]).isZero();
            assertThat(results.get(1)[COLS + c]).isNaN();
            assertThat(results.get(1)[2 * COLS + c]).isFinite();
        }
    }

    private static CrossEntropy crossEntropy(Tensor logits, double scale, int... targets) {
        var t = new Tensor(DType.I32, Shape.of(ROWS), HostBuffer.of(ROWS * Integer.BYTES));
        for (int r = 0; r < ROWS; r++) HostBuffer.segment(t).setAtIndex(JAVA_INT, r, targets[r]);
        return new CrossEntropy(logits, t, tensor(ROWS), tensor(ROWS, COLS), scale);
    }

    private static double rowSum(double[] values, int row) {
        double sum = 0;
        for (int c = 0; c < COLS; c++) sum += values[row * COLS + c];
        return sum;
    }
}
