package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.util.List;

/// The contract of every kernel at every vector width but the processor's own, whose is
/// [dev.ridgeline.KernelContractTest]. The width is fixed when a JVM starts, so each has its own;
/// one that the processor lacks is emulated, slowly and with the same results.
class VectorWidthTest {
    @ParameterizedTest
    @ValueSource(ints = {128, 256, 512})
    void every_kernel_is_right_at(int bits) throws IOException, InterruptedException {
        assumeTrue(bits != FloatVector.SPECIES_PREFERRED.vectorBitSize(), "the processor's own");
        var process = ChildJvm.ridgeline(List.of("-Dridgeline.vector.bits=" + bits), "verify");
        var output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains(bits + "-bit vectors", "none failed");
    }
}
