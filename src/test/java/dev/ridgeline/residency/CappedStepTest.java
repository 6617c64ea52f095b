package dev.ridgeline.residency;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.device.Offload;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A step under a cap gives the same bits as one that is on its device as a whole.
class CappedStepTest {
    @ParameterizedTest
    @CsvSource({
        "gpt2, 1, F32",
        "gpt2, 2, F32",
        "llama, 1, F32",
        "llama, 2, BF16",
        "mixture, 1, F32",
        "mixture, 2, F32"
    })
    void ten_steps_are_the_same_bits_under_every_cap(String model, int microBatches, DType dtype) {
        var config = CappedModels.of(model);
        var options = StepOptions.of(2, 24).withMicroBatches(microBatches).withDtype(dtype);
        try (var device = new CpuDevice("cpu", 2, 1L << 30)) {
            CappedModels.requireSameBits(device, config, options, CappedModels.CAPS);
        }
    }

    /// What does not fit is in files, of which nothing is left.
    @Test
    void the_same_bits_by_a_folder(@TempDir Path folder) throws IOException {
        try (var device = new CpuDevice("cpu", 2, 1L << 30)) {
            CappedModels.requireSameBits(
                    device,
                    () -> device.link(new Offload.Folder(folder), Double.POSITIVE_INFINITY),
                    CappedModels.of("llama"),
                    StepOptions.of(2, 24),
                    20);
        }
        try (var left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }
}
