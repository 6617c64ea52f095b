package dev.ridgeline.measure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.measure.PlantedBugs.Bug;
import dev.ridgeline.op.Op;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.util.Optional;
import java.util.stream.Stream;

/// Kernels with one bug each, of the kinds that kernels have. Every one must be found, and the
/// report must name an element that really is wrong.
class PlantedBugTest {
    private static final Device CPU = new CpuDevice("cpu", 2, 1L << 30);

    @AfterAll
    static void close() {
        CPU.close();
    }

    @TestFactory
    Stream<DynamicTest> every_planted_bug_is_found() {
        return new PlantedBugs(CPU)
                .all()
                .map(bug -> DynamicTest.dynamicTest(bug.name(), () -> check(bug)));
    }

    private static <O extends Op> void check(Bug<O> bug) {
        var kernel =
                new Kernel<O>() {
                    @Override
                    public KernelId id() {
                        return new KernelId(Op.name(bug.workload().type()), "cpu", "faulty");
                    }

                    @Override
                    public Optional<String> refusal(O op) {
                        return Optional.empty();
                    }

                    @Override
                    public Launch bind(O op) {
                        return bug.faulty().apply(op);
                    }
                };
        assertThat(Verifier.check(kernel, bug.workload(), CPU))
                .isInstanceOfSatisfying(
                        Wrong.class,
                        wrong -> {
                            var tolerance = bug.workload().planned().tolerance(wrong.output());
                            assertThat(tolerance.admits(wrong.actual(), wrong.expected()))
                                    .isFalse();
                            assertThat(wrong.message())
                                    .contains("element " + wrong.index())
                                    .contains("%.9g".formatted(wrong.actual()))
                                    .contains("%.9g".formatted(wrong.expected()));
                        });
        assertThat(
                        Verifier.check(
                                CPU.kernels(bug.workload().type()).getFirst(), bug.workload(), CPU))
                .as("the kernel without the bug")
                .isInstanceOf(Verified.class);
    }
}
