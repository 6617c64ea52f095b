package dev.ridgeline.residency;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ridgeline.cuda.OnStandin;
import dev.ridgeline.device.Offload;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;

/// The same as [CappedStepTest], with a GPU's streams, events and pinned memory: two directions at
/// once.
class CappedStepStandinTest extends OnStandin {
    @ParameterizedTest
    @CsvSource({"gpt2, 1, F32", "llama, 2, BF16"})
    void ten_steps_are_the_same_bits_under_every_cap(String model, int microBatches, DType dtype) {
        var options = StepOptions.of(1, 16).withMicroBatches(microBatches).withDtype(dtype);
        requireSameBits(model, options, CappedModels.CAPS);
    }

    /// Under fewer caps, because the stand-in is slow.
    @Test
    void so_they_are_with_experts() {
        requireSameBits("mixture", StepOptions.of(1, 16), 50, 20);
    }

    private static void requireSameBits(String model, StepOptions options, int... caps) {
        CappedModels.requireSameBits(device, CappedModels.of(model), options, caps);
    }

    @Test
    void a_gpu_copies_from_no_file() {
        var folder = new Offload.Folder(Path.of("."));
        assertThatThrownBy(() -> device.link(folder, Double.POSITIVE_INFINITY))
                .hasMessageStartingWith("cuda:0 copies from page-locked memory");
    }
}
