package dev.ridgeline.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.NormWorkloads;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

class NormKernelsTest {
    static Stream<Workload<?>> workloads() {
        return Stream.of(DType.F32, DType.BF16)
                .flatMap(
                        dtype ->
                                Stream.of(
                                        NormWorkloads.rmsNorm(97, 131, dtype, 5),
                                        NormWorkloads.rmsNormBackward(97, 131, dtype, 5),
                                        NormWorkloads.layerNorm(97, 131, dtype, 5),
                                        NormWorkloads.layerNormBackward(97, 131, dtype, 5)));
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void results_do_not_depend_on_the_number_of_threads(Workload<?> workload) {
        assertSameBits(results(workload, 2), results(workload, 1));
        assertSameBits(results(workload, 3), results(workload, 1));
    }

    static void assertSameBits(List<double[]> actual, List<double[]> expected) {
        for (int output = 0; output < expected.size(); output++)
            assertThat(Arrays.mismatch(actual.get(output), expected.get(output)))
                    .as("first difference in output %d", output)
                    .isEqualTo(-1);
    }

    /// What every kernel of the workload's op writes.
    static <O extends Op> List<double[]> results(Workload<O> workload, int threads) {
        var results = new ArrayList<double[]>();
        try (var cpu = new CpuDevice("cpu", threads, 1L << 28)) {
            var kernels = cpu.kernels(workload.type());
            assertThat(kernels).isNotEmpty();
            for (var kernel : kernels) {
                try (var instance = workload.on(cpu);
                        var launch = kernel.bind(instance.op())) {
                    launch.on(cpu.stream());
                    for (var t : instance.op().writes()) results.add(Operands.read(t));
                }
            }
        }
        return results;
    }
}
