package dev.ridgeline.cli;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.train.Checkpoints;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/// On what, how long and how a model is trained.
final class TrainOptions {
    private static final ByteSize TEXT_BYTES = new ByteSize(0x1p28, false);

    @Option(
            names = "--text",
            paramLabel = "PATH",
            description = "A text file, a folder or a zip (default: the JDK's lib/src.zip).")
    private Optional<Path> text;

    @Option(
            names = "--text-bytes",
            paramLabel = "SIZE",
            converter = ByteSize.Converter.class,
            description = "At most so much of it (default: 256MiB).")
    private Optional<ByteSize> textBytes;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            description = "Length of the run, checkpoints included or not (default: 5).")
    Optional<Double> minutes;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description =
                    "Length of the run in steps. Only then does it give the same losses whenever"
                            + " it is run.")
    Optional<Long> steps;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Sequences at once (default: ${DEFAULT-VALUE}).")
    int batch = 4;

    @Option(
            names = "--seq",
            paramLabel = "N",
            description = "Bytes of a sequence (default: ${DEFAULT-VALUE}).")
    int sequence = 128;

    @Option(
            names = "--micro-batches",
            paramLabel = "N",
            description = "Batches whose gradients make one step (default: ${DEFAULT-VALUE}).")
    int microBatches = 1;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = DTypeConverter.class,
            description = "f32, or bf16 with f32 weights (default: f32).")
    DType dtype = DType.F32;

    @Option(
            names = "--recompute",
            description = "Computes activations again instead of keeping them.")
    boolean recompute;

    @Option(
            names = "--stream",
            description = {
                "Keeps what does not fit in the host's memory, and copies it beside the",
                "computation; every loss stays the same, bit by bit."
            })
    boolean stream;

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "Highest of the schedule (default: ${DEFAULT-VALUE}).")
    double rate = 3e-3;

    @Option(
            names = "--final-rate",
            paramLabel = "SHARE",
            description = "Last of the schedule, of the highest (default: ${DEFAULT-VALUE}).")
    double floor = 0.05;

    @Option(
            names = "--warmup",
            paramLabel = "SHARE",
            description = "Of the run, in which the rate goes up (default: ${DEFAULT-VALUE}).")
    double warmup = 0.03;

    @Option(
            names = "--weight-decay",
            paramLabel = "N",
            description = "Of matrices (default: ${DEFAULT-VALUE}).")
    double decay = 0.1;

    @Option(
            names = "--clip",
            paramLabel = "NORM",
            description = "Largest norm of all gradients together (default: ${DEFAULT-VALUE}).")
    double clip = 1;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Of weights, batches and the sample (default: ${DEFAULT-VALUE}).")
    long seed = 1;

    @Option(
            names = "--checkpoint",
            paramLabel = "DIR",
            description =
                    "Where checkpoints go, every minute and at the end (default: a folder in the"
                            + " user's state directory, until the run after the next).")
    private Optional<Path> checkpoint;

    @Option(
            names = "--save-every",
            paramLabel = "STEPS",
            description = "Steps between two checkpoints, instead of a minute.")
    Optional<Long> saveEvery;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "Goes on from the newest checkpoint there.")
    Optional<Path> resume;

    @Option(
            names = "--sample",
            paramLabel = "BYTES",
            description = "Of text that the model writes at the end (default: ${DEFAULT-VALUE}).")
    int sample = 600;

    @Option(names = "--prompt", paramLabel = "TEXT", description = "What the sample begins with.")
    private Optional<String> prompt;

    Path text() {
        return text.orElseGet(
                () -> {
                    var sources = Path.of(System.getProperty("java.home"), "lib", "src.zip");
                    if (!Files.exists(sources))
                        throw Fault.usage(
                                "this JDK came without its sources, %s: name a text with --text",
                                sources);
                    return sources;
                });
    }

    long textBytes() {
        return textBytes.orElse(TEXT_BYTES).of(Long.MAX_VALUE);
    }

    String prompt() {
        return prompt.orElse(text.isPresent() ? "\n" : "    /**\n     * Returns ");
    }

    /// Where this run's checkpoints go.
    ///
    /// @param resumed checkpoint that it goes on from
    /// @throws Fault if another run's are there
    Path checkpoints(Optional<Path> resumed) {
        if (checkpoint.isPresent()) {
            var folder = checkpoint.get();
            boolean same = resumed.map(r -> r.startsWith(folder)).orElse(false);
            if (Checkpoints.any(folder) && !same)
                throw Fault.usage(
                        "%s has the checkpoints of a run: go on with --resume %s, or name another"
                                + " folder",
                        folder, folder);
            return folder;
        }
        if (resumed.isPresent()) return resumed.get().toAbsolutePath().getParent();
        return fresh(LastRun.folder().resolve("last-train"));
    }

    /// Moves what the last run left aside.
    private static Path fresh(Path folder) {
        if (!Checkpoints.any(folder)) return folder;
        var previous = folder.resolveSibling("previous-train");
        try {
            Checkpoints.delete(previous);
            Files.move(folder, previous, StandardCopyOption.ATOMIC_MOVE);
            return folder;
        } catch (IOException e) {
            throw Fault.environment("%s cannot be moved to %s: %s", folder, previous, e);
        }
    }
}
