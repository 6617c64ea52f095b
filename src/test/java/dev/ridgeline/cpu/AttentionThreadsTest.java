package dev.ridgeline.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.AttentionWorkloads;
import dev.ridgeline.op.Op;
import dev.ridgeline.reference.Dense;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.util.List;
import java.util.stream.Stream;

/// Attention gives the same bits with any number of threads.
class AttentionThreadsTest {
    // one task per key head; several tasks per head; the same with heads that share keys
    private static final List<Workload<?>> WORKLOADS =
            List.of(
                    AttentionWorkloads.forward(2, 16, 16, 107, 16, true, DType.F32, 1),
                    AttentionWorkloads.forward(1, 2, 1, 401, 16, true, DType.F32, 1),
                    AttentionWorkloads.forward(1, 1, 1, 401, 16, false, DType.BF16, 1),
                    AttentionWorkloads.backward(2, 8, 8, 107, 16, true, DType.F32, 1),
                    AttentionWorkloads.backward(1, 1, 1, 809, 16, true, DType.F32, 1),
                    AttentionWorkloads.backward(1, 2, 1, 809, 8, false, DType.BF16, 1));

    @TestFactory
    Stream<DynamicTest> results_do_not_depend_on_the_number_of_threads() {
        return WORKLOADS.stream().flatMap(AttentionThreadsTest::cases);
    }

    private static <O extends Op> Stream<DynamicTest> cases(Workload<O> workload) {
        try (var device = new CpuDevice("cpu", 1, 1 << 30)) {
            return device.kernels(workload.type()).stream()
                    .map(Kernel::id)
                    .map(
                            id ->
                                    DynamicTest.dynamicTest(
                                            id + " on " + workload.name(),
                                            () -> {
                                                var alone = run(workload, id.idea(), 1);
                                                for (int threads : List.of(2, 3))
                                                    assertSame(
                                                            alone,
                                                            run(workload, id.idea(), threads));
                                            }));
        }
    }

    private static void assertSame(List<double[]> expected, List<double[]> actual) {
        for (int i = 0; i < expected.size(); i++) assertArrayEquals(expected.get(i), actual.get(i));
    }

    private static <O extends Op> List<double[]> run(
            Workload<O> workload, String idea, int threads) {
        try (var device = new CpuDevice("cpu", threads, 1 << 30);
                var instance = workload.on(device)) {
            var kernel =
                    device.kernels(workload.type()).stream()
                            .filter(k -> k.id().idea().equals(idea))
                            .findFirst()
                            .orElseThrow();
            try (var launch = kernel.bind(instance.op())) {
                launch.on(device.stream());
            }
            return instance.op().writes().stream().map(Dense::read).toList();
        }
    }
}
