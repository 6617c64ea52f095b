package dev.ridgeline;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.device.Device;
import dev.ridgeline.measure.Refused;
import dev.ridgeline.measure.Verified;
import dev.ridgeline.measure.Verifier;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.Wrong;
import dev.ridgeline.measure.workload.Probes;
import dev.ridgeline.op.Op;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.util.stream.Stream;

/// Every kernel of the CPU against the reference on every probe. A new kernel is found by itself.
class KernelContractTest {
    private static final Device CPU = new CpuDevice("cpu", 2, 1L << 30);

    @AfterAll
    static void close() {
        CPU.close();
    }

    @TestFactory
    Stream<DynamicTest> every_kernel_matches_the_reference() {
        return Probes.all().stream().flatMap(KernelContractTest::cases);
    }

    private static <O extends Op> Stream<DynamicTest> cases(Workload<O> workload) {
        return CPU.kernels(workload.type()).stream()
                .map(
                        kernel ->
                                DynamicTest.dynamicTest(
                                        kernel.id() + " on " + workload.name(),
                                        () -> {
                                            switch (Verifier.check(kernel, workload, CPU)) {
                                                case Verified<O> _ -> {}
                                                case Refused<O>(var _, var reason) -> abort(reason);
                                                case Wrong<O> wrong -> fail(wrong.message());
                                            }
                                        }));
    }
}
