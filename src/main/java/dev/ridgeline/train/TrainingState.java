package dev.ridgeline.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;

import dev.ridgeline.model.InvalidModel;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.tensor.DType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// All that a run needs to go on besides its weights and moments, which are f32 in files beside it.
///
/// @param step steps that were taken, skipped ones among them
/// @param updates steps that moved the weights
/// @param seconds of training
/// @param losses what the guard remembers, oldest first
public record TrainingState(
        String format, long step, long updates, double seconds, List<Double> losses, Run run) {
    public static final String FORMAT = "ridgeline-training-1";
    static final String FILE = "training.json";

    private static final ObjectMapper JSON =
            new ObjectMapper()
                    .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);

    /// What was asked for.
    ///
    /// @param textBytes most bytes that were taken of the text
    /// @param fingerprint of the text
    /// @param steps length of the run; 0 where it is `minutes`
    public record Run(
            String text,
            long textBytes,
            long fingerprint,
            int batch,
            int sequence,
            int microBatches,
            DType dtype,
            boolean recompute,
            double beta1,
            double beta2,
            double eps,
            double decay,
            double clip,
            double peak,
            double floor,
            double warmup,
            long steps,
            double minutes,
            long seed) {
        public StepOptions options() {
            return new StepOptions(
                    batch,
                    sequence,
                    microBatches,
                    dtype,
                    recompute,
                    new StepOptions.Optimizer(beta1, beta2, eps, decay),
                    clip);
        }

        public Schedule schedule() {
            return new Schedule(peak, floor, warmup);
        }

        /// The same, as long as this.
        public Run lasting(long otherSteps, double otherMinutes) {
            return new Run(
                    text,
                    textBytes,
                    fingerprint,
                    batch,
                    sequence,
                    microBatches,
                    dtype,
                    recompute,
                    beta1,
                    beta2,
                    eps,
                    decay,
                    clip,
                    peak,
                    floor,
                    warmup,
                    otherSteps,
                    otherMinutes,
                    seed);
        }
    }

    public static TrainingState begin(Run run) {
        return new TrainingState(FORMAT, 0, 0, 0, List.of(), run);
    }

    /// Steps that were not taken because they would have done harm.
    public long skipped() {
        return step - updates;
    }

    /// Share of the run that is done.
    public double progress() {
        return run.steps() > 0 ? (double) step / run.steps() : seconds / (60 * run.minutes());
    }

    static TrainingState read(Path folder) {
        var file = folder.resolve(FILE);
        try {
            var state = JSON.readValue(Files.readAllBytes(file), TrainingState.class);
            if (!FORMAT.equals(state.format()))
                throw new InvalidCheckpoint("%s: is not of format %s", file, FORMAT);
            state.run().options();
            state.run().schedule();
            return state;
        } catch (JsonProcessingException e) {
            throw new InvalidCheckpoint(
                    "%s: is not the state of a run: %s",
                    file, e.getOriginalMessage().lines().findFirst().orElse(""));
        } catch (IOException e) {
            throw new InvalidCheckpoint("%s: cannot be read: %s", file, e.getMessage());
        } catch (InvalidModel | IllegalArgumentException e) {
            throw new InvalidCheckpoint("%s: %s", file, e.getMessage());
        }
    }

    byte[] json() {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
