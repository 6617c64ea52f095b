package dev.ridgeline.load;

import dev.ridgeline.load.LoadReport.Stage;
import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.FileBytes;
import dev.ridgeline.shard.SafetensorsFile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/// Reads a plan's bytes into a device's memory: threads read blocks into places of a ring, cast
/// them where asked, and have the device copy them while they read the next. Where the host can
/// write to the device's memory, blocks are read to where they stay.
public final class Loader {
    /// @param readers threads
    /// @param blockBytes read at once, a multiple of 64 KiB
    /// @param places of the ring for each thread
    /// @param inPlace whether the ring is left out where it can be
    public record Options(
            Access access, int readers, long blockBytes, int places, boolean inPlace) {
        public Options {
            if (readers < 1 || places < 1)
                throw new IllegalArgumentException("a load needs a reader and a place to read to");
            if (blockBytes < LoadPlan.BLOCK || blockBytes % LoadPlan.BLOCK != 0)
                throw new IllegalArgumentException(
                        "a block of %,d bytes is not a multiple of 64 KiB".formatted(blockBytes));
        }
    }

    private final Options options;

    public Loader(Options options) {
        this.options = options;
    }

    /// Bytes of the ring, those for casting included.
    public long ringBytes(LoadPlan plan) {
        return (Lane.placeBytes(options) + plan.castBytes(options.blockBytes()))
                * options.places()
                * options.readers();
    }

    /// Loads into memory. The clock starts when the files are open and the ring is there.
    ///
    /// @throws dev.ridgeline.shard.InvalidCheckpoint if a file cannot be read, or changes meanwhile
    public LoadReport load(LoadPlan plan, Target target) {
        var report = run(plan, Optional.of(target));
        plan.files().forEach(SafetensorsFile::requireUnchanged);
        return report;
    }

    /// Reads the same blocks by the same threads, and does nothing with them: what the disk, or the
    /// page cache, can do.
    public LoadReport read(LoadPlan plan) {
        return run(plan, Optional.empty());
    }

    private LoadReport run(LoadPlan plan, Optional<Target> target) {
        var files = new ArrayList<FileBytes>();
        var lanes = new ArrayList<Lane>();
        try {
            for (var file : plan.files()) files.add(FileBytes.open(file.path(), options.access()));
            for (int i = 0; i < options.readers(); i++)
                lanes.add(
                        new Lane(
                                options,
                                files,
                                target,
                                target.map(_ -> plan.castBytes(options.blockBytes())).orElse(0L)));
            var blocks = new Blocks(plan, options.blockBytes());
            long begin = System.nanoTime();
            parallel(lanes, blocks);
            double seconds = (System.nanoTime() - begin) * 1e-9;
            return report(plan, lanes, seconds, target.isPresent());
        } finally {
            lanes.forEach(Lane::close);
            files.forEach(FileBytes::close);
        }
    }

    private static void parallel(List<Lane> lanes, Blocks blocks) {
        var stop = new AtomicBoolean();
        try (var threads = Executors.newFixedThreadPool(lanes.size())) {
            var running = new ArrayList<Future<?>>();
            for (var lane : lanes) running.add(threads.submit(() -> run(lane, blocks, stop)));
            Optional<RuntimeException> failure = Optional.empty();
            for (var each : running) {
                try {
                    each.get();
                } catch (ExecutionException e) {
                    if (failure.isEmpty()) failure = Optional.of(unchecked(e.getCause()));
                } catch (InterruptedException e) {
                    stop.set(true);
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException("interrupted while loading", e);
                }
            }
            if (failure.isPresent()) throw failure.get();
        }
    }

    private static void run(Lane lane, Blocks blocks, AtomicBoolean stop) {
        boolean whole = false;
        try {
            lane.run(blocks, stop);
            whole = true;
        } finally {
            // the others need not go on
            if (!whole) stop.set(true);
        }
    }

    private static RuntimeException unchecked(Throwable cause) {
        return cause instanceof RuntimeException e ? e : new IllegalStateException(cause);
    }

    private LoadReport report(LoadPlan plan, List<Lane> lanes, double seconds, boolean loaded) {
        var stages = new ArrayList<Stage>();
        stages.add(stage("read", lanes, Lane.Work.READ));
        if (plan.casts() && loaded) stages.add(stage("cast", lanes, Lane.Work.CAST));
        var copy = stage("copy", lanes, Lane.Work.COPY);
        if (copy.bytes() > 0) stages.add(copy);
        return new LoadReport(
                plan.fileBytes(),
                seconds,
                options.readers(),
                List.copyOf(stages),
                lanes.stream().mapToDouble(Lane::waited).sum(),
                lanes.stream().mapToLong(Lane::inPlace).sum());
    }

    private static Stage stage(String name, List<Lane> lanes, Lane.Work work) {
        return new Stage(
                name,
                lanes.stream().mapToLong(l -> l.bytes(work)).sum(),
                lanes.stream().mapToDouble(l -> l.busy(work)).sum());
    }
}
