package dev.ridgeline;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.ridgeline.cuda.OnStandin;
import dev.ridgeline.device.DeviceFailure;
import dev.ridgeline.measure.Refused;
import dev.ridgeline.measure.Verified;
import dev.ridgeline.measure.Verifier;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.Wrong;
import dev.ridgeline.measure.workload.Probes;
import dev.ridgeline.op.Op;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.util.stream.Stream;

/// Every CUDA kernel against the reference on every probe, through JCuda on the stand-in driver,
/// which also catches what a GPU would let pass: races, reads of what was not waited for, accesses
/// outside an allocation.
class KernelContractStandinTest extends OnStandin {
    @TestFactory
    Stream<DynamicTest> every_kernel_matches_the_reference() {
        return Probes.all().stream().flatMap(KernelContractStandinTest::cases);
    }

    private static <O extends Op> Stream<DynamicTest> cases(Workload<O> workload) {
        return device.kernels(workload.type()).stream()
                .filter(kernel -> !kernel.peer())
                .map(
                        kernel ->
                                DynamicTest.dynamicTest(
                                        kernel.id() + " on " + workload.name(),
                                        () -> check(kernel.id().toString(), workload)));
    }

    private static <O extends Op> void check(String id, Workload<O> workload) {
        var kernel =
                device.kernels(workload.type()).stream()
                        .filter(k -> k.id().toString().equals(id))
                        .findFirst()
                        .orElseThrow();
        try {
            switch (Verifier.check(kernel, workload, device)) {
                case Verified<O> _ -> {}
                case Refused<O>(var _, var reason) -> abort(reason);
                case Wrong<O> wrong -> fail(wrong.message());
            }
        } catch (DeviceFailure e) {
            // the next kernel gets a device that works
            device.close();
            open();
            throw e;
        }
    }
}
