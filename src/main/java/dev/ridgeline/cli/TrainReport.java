package dev.ridgeline.cli;

import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Sampler;
import dev.ridgeline.measure.Site;
import dev.ridgeline.measure.Verified;
import dev.ridgeline.measure.Verifier;
import dev.ridgeline.measure.workload.StreamWorkloads;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.report.Si;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.train.Corpus;
import dev.ridgeline.train.Trainer;
import dev.ridgeline.train.TrainingState;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalDouble;

/// What `train` says while it runs: a line over and over on the terminal, and a row at every
/// validation.
final class TrainReport implements Trainer.Listener {
    private static final int FMA_ITERATIONS = 4096;
    private static final double LN2 = Math.log(2);

    private final PrintWriter out;
    private final PrintWriter err;
    private final Progress progress;
    private final OptionalDouble peak;
    private final double flopsPerToken;
    private final int tokens;
    private double loss = Double.NaN;
    private double tokensPerSecond;
    private boolean headed;
    private boolean complete = true;
    private String lastSaved = "";

    /// @param peak flop/s of the device, as measured
    TrainReport(CommandLine command, OptionalDouble peak, Config config, StepOptions step) {
        this.out = command.getOut();
        this.err = command.getErr();
        this.peak = peak;
        this.progress = new Progress(err, Terminal.watched());
        this.flopsPerToken = config.flopsPerToken(step.sequence());
        this.tokens = step.tokens();
    }

    /// Flop/s that the device reaches with multiply-adds in registers.
    static OptionalDouble peak(Site site, DType dtype) {
        var protocol = new Protocol(0.5, 0.02, 0.3, 1, false, 1);
        var workload =
                StreamWorkloads.fmaLoop(
                        StreamWorkloads.LANES_PER_CORE * site.threads(), FMA_ITERATIONS, 1);
        var op = workload.planned();
        for (var kernel : site.device().kernels(FmaLoop.class))
            if (Verifier.check(kernel, workload, site.device())
                    instanceof Verified<FmaLoop> verified) {
                double[] seconds = new Sampler(protocol).round(verified);
                Arrays.sort(seconds);
                return OptionalDouble.of(op.cost().flops() / seconds[seconds.length / 2]);
            }
        return OptionalDouble.empty();
    }

    static String heading(
            String model, Config config, TrainingState state, Path text, Corpus corpus) {
        var run = state.run();
        return String.format(
                Locale.ROOT,
                "%s: %s of %,d parameters, %s%n%s: %,d bytes of %s to learn from, %,d to be judged"
                        + " by%n%d x %d bytes a step%s, %s, AdamW, learning rate %s",
                model,
                config.architecture(),
                Parameters.of(config).count(),
                run.steps() > 0
                        ? Si.count(run.steps() - state.step(), "step")
                        : Si.scaled(60 * run.minutes() - state.seconds(), 3, "s"),
                text,
                corpus.train().length,
                Si.count(corpus.files(), "file"),
                corpus.validation().length,
                run.batch() * run.microBatches(),
                run.sequence(),
                run.microBatches() > 1 ? " in " + run.microBatches() + " batches" : "",
                run.dtype().label(),
                run.peak());
    }

    @Override
    public void stepped(
            TrainingState now, double stepLoss, double norm, double rate, double seconds) {
        // the mean of about twenty steps
        loss = Double.isNaN(loss) ? stepLoss : loss + 0.05 * (stepLoss - loss);
        double speed = tokens / seconds;
        tokensPerSecond =
                tokensPerSecond == 0 ? speed : tokensPerSecond + 0.05 * (speed - tokensPerSecond);
        progress.show(
                String.format(
                        Locale.ROOT,
                        "step %d, loss %.3f, norm %.2f, rate %.1e, %,.0f byte/s%s",
                        now.step(),
                        loss,
                        norm,
                        rate,
                        tokensPerSecond,
                        mfu()),
                now.progress());
    }

    private String mfu() {
        if (peak.isEmpty()) return "";
        return ", MFU " + Si.percent(tokensPerSecond * flopsPerToken / peak.getAsDouble());
    }

    @Override
    public void skipped(TrainingState now, String reason) {
        progress.clear();
        err.printf("ridgeline: step %d was skipped: %s%n", now.step(), reason);
        err.flush();
    }

    @Override
    public void validated(TrainingState now, double validation) {
        progress.clear();
        if (!headed)
            out.printf(
                    Locale.ROOT,
                    "%n%9s %9s %9s %11s %9s %10s%n",
                    "step",
                    "seconds",
                    "loss",
                    "validation",
                    "bits/byte",
                    "byte/s");
        headed = true;
        out.printf(
                Locale.ROOT,
                "%9d %9.1f %9.4f %11.4f %9.3f %10.0f%s%n",
                now.step(),
                now.seconds(),
                loss,
                validation,
                validation / LN2,
                tokensPerSecond,
                mfu());
        out.flush();
    }

    @Override
    public void saved(TrainingState now, Path checkpoint) {
        complete = true;
        lastSaved = checkpoint.toString();
    }

    @Override
    public void unsaved(TrainingState now, String reason) {
        complete = false;
        progress.clear();
        err.printf("ridgeline: no checkpoint of step %d: %s%n", now.step(), reason);
        err.flush();
    }

    void compared(Trainer.Comparison comparison) {
        progress.clear();
        out.printf(
                Locale.ROOT,
                "%nvalidation loss %.4f nats per byte (%.3f bits), of a byte-trigram model %.4f"
                        + " (%.3f bits), on the same %,d bytes%n",
                comparison.model(),
                comparison.model() / LN2,
                comparison.trigram(),
                comparison.trigram() / LN2,
                comparison.bytes());
        out.flush();
    }

    void sample(String text) {
        out.printf("%nIt writes:%n%s%n", text.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "?"));
        out.flush();
    }

    void end(TrainingState state, boolean done) {
        progress.clear();
        out.printf(
                Locale.ROOT,
                "%n%s after %d steps in %.1f s, %d skipped%s%n",
                done ? "done" : "interrupted",
                state.step(),
                state.seconds(),
                state.skipped(),
                lastSaved.isEmpty() ? "" : "; checkpoint: " + lastSaved);
        out.flush();
    }

    /// Whether the last checkpoint was written.
    boolean complete() {
        return complete;
    }
}
