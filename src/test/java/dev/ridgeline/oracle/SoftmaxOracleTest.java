package dev.ridgeline.oracle;

import static dev.ridgeline.tensor.DType.F32;

import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SoftmaxBackward;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;

class SoftmaxOracleTest {
    private static final int ROWS = 5;
    private static final int COLS = 17;

    @ParameterizedTest
    @CsvSource({"F32, 1", "BF16, 1", "F32, 500"})
    void softmax(DType dtype, double range) {
        Oracle.agree(
                Softmax.class,
                o ->
                        new Softmax(
                                o.uniform(dtype, -range, range, ROWS, COLS),
                                o.output(dtype, ROWS, COLS)),
                "x = inputs[0]\nreturn [torch.softmax(x, 1)]",
                op -> List.of(op.x()),
                Oracle.DOUBLE);
    }

    /// log(y) is an x whose softmax is y, as near as y, being rounded, sums to one.
    @Test
    void softmax_backward() {
        Oracle.agree(
                SoftmaxBackward.class,
                o -> {
                    var x = o.uniform(F32, -4.0, 4.0, ROWS, COLS);
                    var kept = Oracle.computed(new Softmax(x, o.output(F32, ROWS, COLS)));
                    return new SoftmaxBackward(
                            kept.y(), o.uniform(F32, ROWS, COLS), o.output(F32, ROWS, COLS));
                },
                """
                y, dy = inputs
                x = torch.log(y)
                self.track([x])
                return self.gradients(torch.softmax(x, 1), dy, [x])
                """,
                op -> List.of(op.y(), op.dy()),
                Oracle.SAVED_AS_F32);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void cross_entropy_and_its_gradient(DType dtype) {
        crossEntropy(dtype, 0, COLS, 0.2);
    }

    /// About every second target is negative.
    @Test
    void cross_entropy_with_ignored_targets() {
        crossEntropy(F32, -COLS, COLS, 1);
    }

    @Test
    void cross_entropy_with_every_target_ignored() {
        crossEntropy(F32, -3, 0, 1);
    }

    private static void crossEntropy(DType dtype, int lowest, int end, double scale) {
        Oracle.agree(
                CrossEntropy.class,
                o ->
                        new CrossEntropy(
                                o.uniform(dtype, -30.0, 30.0, ROWS, COLS),
                                o.integers(lowest, end, ROWS),
                                o.output(F32, ROWS),
                                o.output(dtype, ROWS, COLS),
                                scale),
                """
                logits, targets = inputs
                ignored = torch.full_like(targets, -100)
                kept = torch.where(torch.lt(targets, 0), ignored, targets)
                self.track([logits])
                losses = torch.cross_entropy_loss(logits, kept, None, 0, -100)
                return [losses] + self.gradients(losses, torch.full_like(losses, %s), [logits])
                """
                        .formatted(scale),
                op -> List.of(op.logits(), op.targets()),
                Oracle.DOUBLE);
    }
}
