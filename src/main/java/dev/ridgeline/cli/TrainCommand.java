package dev.ridgeline.cli;

import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.Inference;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.train.Checkpoints;
import dev.ridgeline.train.Corpus;
import dev.ridgeline.train.Generator;
import dev.ridgeline.train.Trainer;
import dev.ridgeline.train.TrainingState;
import dev.ridgeline.train.TrainingState.Run;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/// Trains a model on bytes of text.
@Command(
        name = "train",
        description = {
            "Trains a decoder on bytes of text with these kernels, from nothing or on from a"
                    + " checkpoint.",
            "Without --text it reads the sources of the JDK that runs it."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ridgeline train                              five minutes on the JDK's sources",
            "  ridgeline train --text book.txt --steps 2000 --checkpoint book",
            "  ridgeline train --resume book --steps 4000",
            "  ridgeline train --model gpt2-124m --memory 1GiB --stream"
        })
final class TrainCommand implements Callable<Integer> {
    private static final String DEFAULT_MODEL = "bytes-1m";
    private static final double DEFAULT_MINUTES = 5;
    private static final double SAVE_SECONDS = 60;
    private static final double TEMPERATURE = 0.7;

    @Spec private CommandSpec spec;
    @Mixin private DeviceOptions devices;
    @Mixin private ModelOptions models;
    @Mixin private TrainOptions options;

    @Override
    public Integer call() {
        var host = HostRecord.read();
        try (var sites = devices.open(host)) {
            if (sites.asked().size() > 1) throw Fault.usage("--threads: train takes one number");
            return train(host, sites);
        }
    }

    private int train(HostRecord host, Sites sites) {
        var site = sites.asked().getFirst();
        var out = spec.commandLine().getOut();
        var resumed = options.resume.map(Checkpoints::newest);
        var earlier = resumed.map(Checkpoints::state);
        var named = models.model(DEFAULT_MODEL);
        if (resumed.isPresent() && models.given())
            throw Fault.usage("--resume takes the model from the checkpoint");
        Config config = resumed.map(Checkpoints::config).orElse(named.config());
        if (config.vocabulary() < 256)
            throw Fault.usage(
                    "a vocabulary of %d is too small for bytes, of which there are 256",
                    config.vocabulary());
        var text = earlier.map(s -> Path.of(s.run().text())).orElseGet(options::text);
        long textBytes = earlier.map(s -> s.run().textBytes()).orElseGet(options::textBytes);
        int sequence = earlier.map(s -> s.run().sequence()).orElse(options.sequence);
        var corpus = Corpus.read(text, textBytes, sequence);
        var state =
                earlier.map(s -> goOn(s, corpus))
                        .orElseGet(() -> TrainingState.begin(run(text, corpus)));
        var step = state.run().options();
        // while the device's memory is free
        var peak = sites.timed() ? TrainReport.peak(site) : OptionalDouble.empty();
        long sampling = options.sample > 0 ? Inference.bytes(config, step, step.sequence()) : 0;
        try (var placed = PlacedStep.of(config, step, sites, host, options.stream, sampling)) {
            var folder = options.checkpoints(resumed);
            out.printf(
                    "%s: %s%n%s%n%s",
                    site.device().name(),
                    Descriptions.text(sites.asked()),
                    TrainReport.heading(
                            resumed.map(Path::toString).orElse(named.name()),
                            config,
                            state,
                            text,
                            corpus),
                    placed.table());
            out.flush();
            var training = placed.step();
            if (resumed.isPresent()) Checkpoints.load(resumed.get(), training);
            else training.initialize(state.run().seed());
            var report = new TrainReport(spec.commandLine(), peak, config, step);
            var saving =
                    new Trainer.Saving(
                            new Checkpoints(folder), options.saveEvery.orElse(0L), SAVE_SECONDS);
            var trainer = new Trainer(training, corpus, state, Optional.of(saving), report);
            return run(trainer, training, report);
        }
    }

    /// Runs, and when told to stop saves first.
    private int run(Trainer trainer, TrainingStep step, TrainReport report) {
        var stop = new AtomicBoolean();
        var saved = new CountDownLatch(1);
        try (var interruption =
                new Interruption(
                        () -> {
                            stop.set(true);
                            await(saved);
                        })) {
            boolean done = trainer.run(stop::get);
            if (done) finish(trainer, step, report);
            report.end(trainer.state(), done);
            interruption.end();
        } finally {
            saved.countDown();
        }
        return report.complete() ? Exit.OK : Exit.ENVIRONMENT;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void finish(Trainer trainer, TrainingStep step, TrainReport report) {
        report.compared(trainer.compare());
        if (options.sample == 0) return;
        try (var inference = new Inference(step, step.graph().options().sequence())) {
            var generator = new Generator(inference, TEMPERATURE, trainer.state().run().seed());
            byte[] prompt = options.prompt().getBytes(StandardCharsets.UTF_8);
            report.sample(
                    new String(generator.write(prompt, options.sample), StandardCharsets.UTF_8));
        }
    }

    private TrainingState goOn(TrainingState state, Corpus corpus) {
        if (corpus.fingerprint() != state.run().fingerprint())
            throw Fault.usage("%s is not the text that the run began with", state.run().text());
        if (options.steps.isEmpty() && options.minutes.isEmpty()) return state;
        return new TrainingState(
                state.format(),
                state.step(),
                state.updates(),
                state.seconds(),
                state.losses(),
                state.run()
                        .lasting(
                                options.steps.orElse(0L), options.minutes.orElse(DEFAULT_MINUTES)));
    }

    private Run run(Path text, Corpus corpus) {
        var o = StepOptions.Optimizer.GPT3;
        return new Run(
                text.toAbsolutePath().toString(),
                options.textBytes(),
                corpus.fingerprint(),
                options.batch,
                options.sequence,
                options.microBatches,
                options.dtype,
                options.recompute,
                o.beta1(),
                o.beta2(),
                o.eps(),
                options.decay,
                options.clip,
                options.rate,
                options.floor,
                options.warmup,
                options.steps.orElse(0L),
                options.minutes.orElse(DEFAULT_MINUTES),
                options.seed);
    }
}
