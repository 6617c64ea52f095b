package dev.ridgeline.cpu;

import static dev.ridgeline.cpu.NormKernelsTest.assertSameBits;
import static dev.ridgeline.cpu.NormKernelsTest.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.SoftmaxWorkloads;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.stream.Stream;

class SoftmaxKernelsTest {
    static Stream<Workload<?>> workloads() {
        return Stream.of(DType.F32, DType.BF16)
                .flatMap(
                        dtype ->
                                Stream.of(
                                        SoftmaxWorkloads.softmax(97, 131, dtype, 5),
                                        SoftmaxWorkloads.softmaxBackward(97, 131, dtype, 5),
                                        SoftmaxWorkloads.crossEntropy(19, 2100, dtype, 5),
                                        SoftmaxWorkloads.crossEntropyInPlace(19, 2100, dtype, 5)));
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void results_do_not_depend_on_the_number_of_threads(Workload<?> workload) {
        assertSameBits(results(workload, 2), results(workload, 1));
        assertSameBits(results(workload, 3), results(workload, 1));
    }

    @Test
    void rows_of_softmax_sum_to_one() {
        var y = results(SoftmaxWorkloads.softmax(3, 2100, DType.F32, 1), 1);
        for (double sum : rowSums(y.getFirst(), 2100)) assertThat(sum).isCloseTo(1, within(1e-5));
    }

    @Test
    void rows_of_dlogits_sum_to_zero() {
        var results = results(SoftmaxWorkloads.crossEntropy(3, 2100, DType.F32, 1), 1);
        for (double sum : rowSums(results.get(1), 2100)) assertThat(sum).isCloseTo(0, within(1e-6));
    }

    private static double[] rowSums(double[] values, int cols) {
        double[] sums = new double[values.length / cols];
        for (int i = 0; i < values.length; i++) sums[i / cols] += values[i];
        return sums;
    }
}
