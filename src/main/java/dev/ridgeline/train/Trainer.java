package dev.ridgeline.train;

import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.shard.InvalidCheckpoint;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Takes steps until a run is done.
public final class Trainer {
    /// What a run tells while it goes on.
    public interface Listener {
        /// @param seconds that this step took
        void stepped(TrainingState now, double loss, double norm, double rate, double seconds);

        void skipped(TrainingState now, String reason);

        /// @param loss mean over the validation windows, in nats
        void validated(TrainingState now, double loss);

        void saved(TrainingState now, Path checkpoint);

        /// A checkpoint could not be written; the run goes on.
        void unsaved(TrainingState now, String reason);
    }

    /// Where a run leaves its checkpoints, and how often.
    ///
    /// @param steps between two; 0 for `seconds`
    public record Saving(Checkpoints to, long steps, double seconds) {}

    /// Validations in a run, the last one not among them.
    private static final int VALIDATIONS = 10;

    /// Windows of a validation along the way, and of the last.
    private static final int WINDOWS = 64;

    private static final int LAST_WINDOWS = 256;

    /// A model that is told no so often learns nothing any more.
    private static final int MOST_SKIPS = 50;

    private final TrainingStep step;
    private final Corpus corpus;
    private final Windows train;
    private final Windows validation;
    private final Guard guard;
    private final Optional<Saving> saving;
    private final Listener listener;
    private TrainingState state;
    private double savedAt;
    private int skips;

    public Trainer(
            TrainingStep step,
            Corpus corpus,
            TrainingState state,
            Optional<Saving> saving,
            Listener listener) {
        this.step = step;
        this.corpus = corpus;
        this.state = state;
        this.saving = saving;
        this.listener = listener;
        this.savedAt = state.seconds();
        int sequence = step.graph().options().sequence();
        train = new Windows(corpus.train(), sequence);
        validation = new Windows(corpus.validation(), sequence);
        guard = new Guard(state.losses());
    }

    public TrainingState state() {
        return state;
    }

    /// Goes on until the run is done or `stop` says so, and saves.
    ///
    /// @return whether the run is done
    /// @throws InvalidText if so many steps in a row are harmful that nothing is learnt
    public boolean run(BooleanSupplier stop) {
        while (state.progress() < 1) {
            if (stop.getAsBoolean()) {
                save();
                return false;
            }
            int part = (int) (state.progress() * VALIDATIONS);
            step();
            if (state.progress() < 1 && (int) (state.progress() * VALIDATIONS) > part)
                listener.validated(state, validationLoss(WINDOWS));
            if (saving.isPresent() && due(saving.get())) save();
        }
        save();
        return true;
    }

    private void step() {
        long begun = System.nanoTime();
        var run = state.run();
        var batch = train.random(run.seed(), state.step(), run.batch() * run.microBatches());
        var found = step.gradients(batch.in(), batch.out());
        var objection = guard.objection(found);
        double rate = run.schedule().rate(state.progress());
        if (objection.isEmpty()) step.update(rate, state.updates() + 1);
        double seconds = (System.nanoTime() - begun) * 1e-9;
        state =
                new TrainingState(
                        state.format(),
                        state.step() + 1,
                        state.updates() + (objection.isEmpty() ? 1 : 0),
                        state.seconds() + seconds,
                        guard.losses(),
                        run);
        if (objection.isPresent()) {
            listener.skipped(state, objection.get());
            if (++skips == MOST_SKIPS)
                throw new InvalidText(
                        "%d steps in a row were skipped, the last because %s: try a lower"
                                + " --learning-rate",
                        skips, objection.get());
            return;
        }
        skips = 0;
        listener.stepped(state, found.loss(), found.norm(), rate, seconds);
    }

    private boolean due(Saving at) {
        if (at.steps() > 0) return state.step() % at.steps() == 0;
        return state.seconds() - savedAt >= at.seconds();
    }

    private void save() {
        if (saving.isEmpty()) return;
        savedAt = state.seconds();
        try {
            listener.saved(state, saving.get().to().save(step, state));
        } catch (InvalidCheckpoint e) {
            listener.unsaved(state, e.getMessage());
        }
    }

    /// Mean loss on windows spread over the validation text, in nats.
    private double validationLoss(int windows) {
        int rows = step.graph().options().batch();
        int batches = Math.ceilDiv(windows, rows);
        double sum = 0;
        for (int b = 0; b < batches; b++) {
            var batch = validation.even(b * rows, rows, batches * rows);
            sum += step.loss(batch.in(), batch.out());
        }
        return sum / batches;
    }

    /// What the model and a trigram model of the training text lose on the same bytes.
    ///
    /// @param model and `trigram` in nats per byte
    public record Comparison(double model, double trigram, long bytes) {}

    public Comparison compare() {
        int rows = step.graph().options().batch();
        int count = Math.ceilDiv(LAST_WINDOWS, rows) * rows;
        int sequence = step.graph().options().sequence();
        var trigram = new Trigram(corpus.train());
        double sum = 0;
        for (int w = 0; w < count; w++) {
            int from = validation.start(w, count) + 1;
            sum += trigram.loss(corpus.validation(), from, from + sequence);
        }
        return new Comparison(validationLoss(LAST_WINDOWS), sum / count, (long) count * sequence);
    }
}
