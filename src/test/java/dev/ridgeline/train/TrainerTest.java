package dev.ridgeline.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.device.Device;
import dev.ridgeline.model.Presets;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.train.TrainingState.Run;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

class TrainerTest {
    @TempDir Path folder;

    /// What a run said.
    private static final class Heard implements Trainer.Listener {
        final List<Double> losses = new ArrayList<>();
        final List<String> skipped = new ArrayList<>();
        final List<String> unsaved = new ArrayList<>();
        int validations;

        @Override
        public void stepped(
                TrainingState now, double loss, double norm, double rate, double seconds) {
            losses.add(loss);
        }

        @Override
        public void skipped(TrainingState now, String reason) {
            skipped.add(reason);
        }

        @Override
        public void validated(TrainingState now, double loss) {
            assertThat(loss).isPositive();
            validations++;
        }

        @Override
        public void saved(TrainingState now, Path checkpoint) {}

        @Override
        public void unsaved(TrainingState now, String reason) {
            unsaved.add(reason);
        }
    }

    private static Corpus corpus() {
        byte[] text =
                "the quick brown fox jumps over the lazy dog. "
                        .repeat(200)
                        .getBytes(StandardCharsets.UTF_8);
        return new Corpus(text, text, 1, 7);
    }

    private static Run run(long steps, DType dtype) {
        return new Run(
                "fox", 0, 7, 4, 32, 2, dtype, false, 0.9, 0.95, 1e-8, 0.1, 1, 1e-2, 0.1, 0.1, steps,
                0, 3);
    }

    private Heard train(
            Device device,
            Path at,
            Optional<Path> from,
            long every,
            DType dtype,
            BooleanSupplier stop) {
        try (var step =
                new TrainingStep(device, Presets.of("llama-tiny"), run(30, dtype).options())) {
            var state = TrainingState.begin(run(30, dtype));
            if (from.isPresent()) {
                var newest = Checkpoints.newest(from.get());
                state = Checkpoints.state(newest);
                Checkpoints.load(newest, step);
            } else {
                step.initialize(3);
            }
            var heard = new Heard();
            var saving = new Trainer.Saving(new Checkpoints(at), every, 0);
            new Trainer(step, corpus(), state, Optional.of(saving), heard).run(stop);
            return heard;
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void a_run_that_is_interrupted_goes_on_bit_for_bit(DType dtype) throws IOException {
        try (var device = new CpuDevice("cpu", 2, 1L << 30)) {
            var whole =
                    train(device, folder.resolve("whole"), Optional.empty(), 7, dtype, () -> false);
            var parts = new ArrayList<Double>();
            Optional<Path> from = Optional.empty();
            for (int part = 0; part < 4; part++) {
                int[] left = {part == 3 ? 1000 : 8};
                var heard =
                        train(
                                device,
                                folder.resolve("parts"),
                                from,
                                5,
                                dtype,
                                () -> left[0]-- == 0);
                parts.addAll(heard.losses);
                from = Optional.of(folder.resolve("parts"));
            }
            assertThat(whole.losses).hasSize(30);
            assertThat(parts).isEqualTo(whole.losses);
            assertThat(whole.losses.getLast()).isLessThan(0.7 * whole.losses.getFirst());
            assertThat(whole.validations).isEqualTo(9);
            for (var file : List.of("model.safetensors", "optimizer.safetensors"))
                assertThat(Files.readAllBytes(newest("parts").resolve(file)))
                        .isEqualTo(Files.readAllBytes(newest("whole").resolve(file)));
        }
    }

    private Path newest(String name) {
        return Checkpoints.newest(folder.resolve(name));
    }

    /// The folder is gone for a while, as if its disk were full: the run goes on, what was there
    /// stays, and the next checkpoint is written.
    @Test
    void a_checkpoint_that_cannot_be_written_loses_nothing() throws IOException {
        var at = folder.resolve("run");
        var aside = folder.resolve("aside");
        int[] calls = {0};
        BooleanSupplier stop =
                () -> {
                    try {
                        if (++calls[0] == 12) {
                            Files.move(at, aside);
                            Files.writeString(at, "in the way");
                        }
                        if (calls[0] == 22) {
                            Files.delete(at);
                            Files.move(aside, at);
                        }
                        return false;
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                };
        try (var device = new CpuDevice("cpu", 1, 1L << 30)) {
            var heard = train(device, at, Optional.empty(), 10, DType.F32, stop);
            assertThat(heard.losses).hasSize(30);
            assertThat(heard.unsaved).hasSize(1);
            assertThat(heard.unsaved.getFirst())
                    .contains("step-00000020.partial")
                    .contains("cannot be written");
            assertThat(Checkpoints.state(Checkpoints.newest(at)).step()).isEqualTo(30);
            assertThat(at.resolve("step-00000010")).isDirectory();
        }
    }

    @Test
    void a_folder_that_cannot_be_made() throws IOException {
        var file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> new Checkpoints(file.resolve("below")))
                .isInstanceOf(InvalidCheckpoint.class)
                .hasMessageContaining("cannot be written");
        assertThatThrownBy(() -> Checkpoints.newest(folder))
                .hasMessageContaining("has no checkpoint");
    }

    @Test
    void harmful_steps_are_skipped_and_counted() {
        try (var device = new CpuDevice("cpu", 1, 1L << 30);
                var step =
                        new TrainingStep(
                                device, Presets.of("llama-tiny"), run(30, DType.F32).options())) {
            step.initialize(3);
            step.update(Double.NaN, 1);
            var heard = new Heard();
            var trainer =
                    new Trainer(
                            step,
                            corpus(),
                            TrainingState.begin(run(4, DType.F32)),
                            Optional.empty(),
                            heard);
            trainer.run(() -> false);
            assertThat(heard.losses).isEmpty();
            assertThat(heard.skipped).hasSize(4);
            assertThat(heard.skipped.getFirst())
                    .isEqualTo(
                            "the gradients of embeddings, layer 0, layer 1, head are not finite");
            assertThat(trainer.state().skipped()).isEqualTo(4);
        }
    }

    @Test
    void a_spike_is_told_from_noise() {
        var guard = new Guard(List.of());
        for (int i = 0; i < Guard.MEMORY; i++)
            assertThat(guard.objection(found(2 + 0.05 * Math.sin(i)))).isEmpty();
        assertThat(guard.objection(found(2.3))).isEmpty();
        assertThat(guard.objection(found(2.9)).orElseThrow())
                .contains("jumped to 2.900")
                .contains("layer 1");
        assertThat(guard.losses()).hasSize(Guard.MEMORY).doesNotContain(2.9);
    }

    private static TrainingStep.Gradients found(double loss) {
        return new TrainingStep.Gradients(loss, 1, List.of(), "layer 1");
    }
}
