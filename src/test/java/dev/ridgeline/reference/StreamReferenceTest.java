package dev.ridgeline.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;

class StreamReferenceTest {
    private static final Tensor LANES =
            new Tensor(DType.F32, Shape.of(67), HostBuffer.of(67 * Float.BYTES));

    @Test
    void fma_loop_is_what_its_rounds_make_in_f32() {
        for (long iterations : new long[] {1, 2, 1000, FmaLoop.MOST_ITERATIONS}) {
            var expected = Reference.expected(new FmaLoop(LANES, iterations)).getFirst();
            for (int i : new int[] {0, 1, 63, 64, 66}) {
                float x = i % FmaLoop.STARTS;
                for (long round = 0; round < iterations; round++)
                    x = Math.fma(FmaLoop.A, FmaLoop.B, x);
                assertThat(expected[i]).isEqualTo(x);
            }
        }
    }

    @Test
    void fma_loop_of_more_rounds_than_are_exact_is_refused() {
        assertThatThrownBy(() -> new FmaLoop(LANES, FmaLoop.MOST_ITERATIONS + 1))
                .hasMessageContaining("must be in [1, 1048576]");
    }
}
