package dev.ridgeline.train;

import dev.ridgeline.model.CheckpointWeights;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.ConfigFile;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.InvalidCheckpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// The checkpoints of a run: folders `step-00000120` that are whole or not there.
///
/// One is written under another name, flushed to the disk and then renamed, so a run may be killed
/// at any moment. Each has `config.json` and `model.safetensors`, which other tools read, and
/// `optimizer.safetensors` and `training.json`, which a run goes on from.
public final class Checkpoints {
    private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})");
    private static final String PARTIAL = ".partial";
    private static final String CONFIG = "config.json";
    private static final String MOMENTS = "optimizer.safetensors";

    /// The newest, and the one before it.
    private static final int KEPT = 2;

    private final Path folder;

    /// @throws InvalidCheckpoint if nothing can be written there
    public Checkpoints(Path folder) {
        this.folder = folder;
        try {
            Files.createDirectories(folder);
            for (var left : list(folder, name -> name.endsWith(PARTIAL))) delete(left);
            var probe = folder.resolve("writable" + PARTIAL);
            Files.write(probe, new byte[] {0});
            Files.delete(probe);
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
    }

    private static InvalidCheckpoint unwritable(Path path, IOException e) {
        var reason =
                switch (e) {
                    case AccessDeniedException _ -> "permission denied";
                    case FileSystemException f when f.getReason() != null -> f.getReason();
                    case FileSystemException _ -> "the system does not let it be made";
                    default -> String.valueOf(e.getMessage());
                };
        return new InvalidCheckpoint("%s: cannot be written: %s", path, reason);
    }

    /// The newest checkpoint of a run's folder, or the folder itself if it is one.
    ///
    /// @throws InvalidCheckpoint if there is none
    public static Path newest(Path folder) {
        if (Files.exists(folder.resolve(TrainingState.FILE))) return folder;
        try {
            return Optional.of(list(folder, name -> NAME.matcher(name).matches()))
                    .filter(all -> !all.isEmpty())
                    .map(List::getLast)
                    .orElseThrow(
                            () ->
                                    new InvalidCheckpoint(
                                            "%s: has no checkpoint of a run to go on with",
                                            folder));
        } catch (IOException e) {
            throw new InvalidCheckpoint("%s: cannot be read: no such folder", folder);
        }
    }

    /// Whether a run has left a checkpoint there.
    public static boolean any(Path folder) {
        try {
            return !list(folder, name -> NAME.matcher(name).matches()).isEmpty();
        } catch (IOException _) {
            return false;
        }
    }

    private static List<Path> list(Path folder, Predicate<String> wanted) throws IOException {
        try (var all = Files.list(folder)) {
            return all.filter(p -> wanted.test(p.getFileName().toString())).sorted().toList();
        }
    }

    public static TrainingState state(Path checkpoint) {
        return TrainingState.read(checkpoint);
    }

    public static Config config(Path checkpoint) {
        return ConfigFile.read(checkpoint.resolve(CONFIG));
    }

    /// Gives `step` the weights and moments of a checkpoint.
    public static void load(Path checkpoint, TrainingStep step) {
        var weights = checkpoint.resolve(Checkpoint.SINGLE);
        try (var file = Checkpoint.open(weights)) {
            CheckpointWeights.load(step, file, weights);
        }
        var moments = checkpoint.resolve(MOMENTS);
        try (var file = Checkpoint.open(moments)) {
            CheckpointWeights.loadMoments(step, file, moments);
        }
    }

    /// Writes a checkpoint, and removes those that are older than the one before it.
    ///
    /// @return its folder
    /// @throws InvalidCheckpoint if it cannot be written; what was there is still there
    public Path save(TrainingStep step, TrainingState state) {
        var name = "step-%08d".formatted(state.step());
        var target = folder.resolve(name);
        if (Files.exists(target)) return target;
        var partial = folder.resolve(name + PARTIAL);
        try {
            delete(partial);
            Files.createDirectories(partial);
            CheckpointWeights.save(step, partial.resolve(Checkpoint.SINGLE));
            CheckpointWeights.saveMoments(step, partial.resolve(MOMENTS));
            var config = ConfigFile.write(step.graph().config());
            write(partial.resolve(CONFIG), config.getBytes(StandardCharsets.UTF_8));
            write(partial.resolve(TrainingState.FILE), state.json());
            force(partial);
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
            force(folder);
            prune();
            return target;
        } catch (IOException e) {
            discard(partial);
            throw unwritable(partial, e);
        } catch (RuntimeException | Error e) {
            discard(partial);
            throw e;
        }
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        try (var channel =
                FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            var buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) channel.write(buffer);
            channel.force(true);
        }
    }

    /// Has the folder's own entries on the disk.
    private static void force(Path folder) throws IOException {
        try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private void prune() throws IOException {
        var all = list(folder, name -> NAME.matcher(name).matches());
        for (var old : all.subList(0, Math.max(0, all.size() - KEPT))) {
            // half of it must never look whole
            var partial = old.resolveSibling(old.getFileName() + PARTIAL);
            Files.move(old, partial, StandardCopyOption.ATOMIC_MOVE);
            delete(partial);
        }
    }

    private static void discard(Path partial) {
        try {
            delete(partial);
        } catch (IOException | UncheckedIOException _) {
            // the next run removes it
        }
    }

    /// Removes a folder, if it is there, and all that is in it.
    public static void delete(Path path) throws IOException {
        if (!Files.exists(path)) return;
        try (var walk = Files.walk(path)) {
            for (var each : walk.sorted(Comparator.reverseOrder()).toList()) Files.delete(each);
        }
    }
}
