package dev.ridgeline.load;

import dev.ridgeline.model.Config;
import dev.ridgeline.model.InvalidModel;
import dev.ridgeline.model.Parameter;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.shard.CheckpointWriter;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.SafetensorsWriter.Planned;
import dev.ridgeline.shard.StoredType;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/// A checkpoint to measure with: the tensors of a model, from its first on, with numbers that mean
/// nothing and are all finite.
public final class Synthetic {
    private static final int PIECE = 1 << 22;

    /// Without the highest bit of the exponent, of every 16-bit half: no value is infinite or none.
    private static final long FINITE = 0xBFFF_BFFF_BFFF_BFFFL;

    private Synthetic() {}

    /// Writes as many tensors as make `bytes`, or a little more.
    ///
    /// @param folder new, or empty
    /// @throws InvalidModel if the whole model has fewer bytes
    /// @throws InvalidCheckpoint if there is something already, or the folder cannot be written
    public static void write(Path folder, Config config, long bytes, long mostShardBytes) {
        try {
            Files.createDirectories(folder);
            try (var files = Files.list(folder)) {
                if (files.findAny().isPresent())
                    throw new InvalidCheckpoint(
                            "%s: has files already, and none is written over", folder);
            }
        } catch (IOException e) {
            throw new InvalidCheckpoint("%s: cannot be written: %s", folder, e.getMessage());
        }
        var planned = planned(config, bytes);
        try (var arena = Arena.ofConfined();
                var writer =
                        new CheckpointWriter(
                                folder, planned, mostShardBytes, Map.of("format", "pt"))) {
            var noise = arena.allocate(PIECE + Long.BYTES * 512, 64);
            var random = new SplittableRandom(1);
            for (long i = 0; i < noise.byteSize() / Long.BYTES; i++)
                noise.setAtIndex(ValueLayout.JAVA_LONG, i, random.nextLong() & FINITE);
            for (var p : planned) writer.put(p.name(), pieces(noise, p, planned.indexOf(p)));
            writer.finish();
        }
    }

    private static List<Planned> planned(Config config, long bytes) {
        var type =
                switch (config.stored()) {
                    case F32 -> StoredType.F32;
                    case F16 -> StoredType.F16;
                    case BF16 -> StoredType.BF16;
                };
        var planned = new ArrayList<Planned>();
        long sum = 0;
        Iterator<Parameter> all = Parameters.of(config).all().iterator();
        while (sum < bytes && all.hasNext()) {
            var parameter = all.next();
            var shape = parameter.shape().dims().stream().map(Integer::longValue).toList();
            planned.add(new Planned(parameter.name(), type, shape));
            sum += planned.getLast().bytes();
        }
        if (sum < bytes)
            throw new InvalidModel(
                    "the model has %,d bytes, %,d were asked for: name a larger one with --model",
                    sum, bytes);
        return List.copyOf(planned);
    }

    /// Windows of the same noise, each from another place, so that no two pieces of a tensor are
    /// the same and writing costs nothing else.
    private static Iterable<MemorySegment> pieces(MemorySegment noise, Planned p, int number) {
        return () ->
                LongStream.range(0, Math.ceilDiv(p.bytes(), PIECE))
                        .mapToObj(
                                piece ->
                                        noise.asSlice(
                                                (piece + 31L * number) % 512 * Long.BYTES,
                                                Math.min(PIECE, p.bytes() - piece * PIECE)))
                        .iterator();
    }
}
