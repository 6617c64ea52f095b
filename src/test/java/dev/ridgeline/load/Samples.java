package dev.ridgeline.load;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.load.Loader.Options;
import dev.ridgeline.shard.Access;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.CheckpointWriter;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.SafetensorsWriter.Planned;
import dev.ridgeline.shard.StoredTensor;
import dev.ridgeline.shard.StoredType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Checkpoints for the tests of loading.
final class Samples {
    private Samples() {}

    /// Some tensors of several types in three shards: larger and smaller than a block, and empty.
    static Checkpoint mixed(Path folder) {
        write(
                folder,
                List.of(
                        new Planned("big", StoredType.F32, List.of(300L, 1000L)),
                        new Planned("odd", StoredType.U8, List.of(77_777L)),
                        new Planned("half", StoredType.F16, List.of(1001L, 333L)),
                        new Planned("one", StoredType.F64, List.of()),
                        new Planned("none", StoredType.BF16, List.of(0L, 5L)),
                        new Planned("double", StoredType.F64, List.of(50_000L)),
                        new Planned("brain", StoredType.BF16, List.of(400_001L)),
                        new Planned("packed", StoredType.F4, List.of(100_002L))),
                1_300_000);
        return Checkpoint.open(folder);
    }

    static void write(Path folder, List<Planned> planned, long mostShardBytes) {
        var random = new Random(11);
        try (var writer =
                new CheckpointWriter(folder, planned, mostShardBytes, Map.of("format", "pt"))) {
            for (var p : planned) {
                byte[] bytes = new byte[Math.toIntExact(p.bytes())];
                random.nextBytes(bytes);
                writer.put(p.name(), MemorySegment.ofArray(bytes));
            }
            writer.finish();
        }
    }

    /// With blocks so small that every tensor is several.
    static Loader loader(Access access, int readers, boolean inPlace) {
        return new Loader(new Options(access, readers, LoadPlan.BLOCK, 2, inPlace));
    }

    /// Passes over direct reads where the file system has none.
    static LoadReport load(LoadPlan plan, Target target, Access access, boolean inPlace) {
        try {
            return loader(access, 3, inPlace).load(plan, target);
        } catch (InvalidCheckpoint e) {
            assumeTrue(access != Access.DIRECT, e.getMessage());
            throw e;
        }
    }

    /// A tensor's bytes, read by themselves.
    static byte[] bytes(Checkpoint checkpoint, StoredTensor tensor) {
        var place = checkpoint.find(tensor.name()).orElseThrow();
        try (var arena = Arena.ofConfined()) {
            var to = arena.allocate(tensor.bytes());
            place.file().read(tensor, 0, to);
            return to.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    static byte[] device(Target target, long at, long bytes) {
        try (var link = target.device().link()) {
            var to = link.memory(bytes);
            link.store(to, target.buffer(), target.shift() + at).on(link.out());
            link.out().synchronize();
            return to.toArray(ValueLayout.JAVA_BYTE);
        }
    }
}
