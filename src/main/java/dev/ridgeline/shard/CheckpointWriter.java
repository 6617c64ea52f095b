package dev.ridgeline.shard;

import com.fasterxml.jackson.databind.ObjectMapper;

import dev.ridgeline.shard.SafetensorsWriter.Planned;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes a checkpoint as public hubs have them: one file, or shards `model-00001-of-00003` and an
/// index, which comes last, so that a folder with an index is whole.
public final class CheckpointWriter implements AutoCloseable {
    private final Path folder;
    private final Map<String, String> metadata;
    private final List<List<Planned>> shards;
    private Optional<SafetensorsWriter> writer = Optional.empty();
    private int shard;
    private int inShard;

    /// @param planned in the order in which they will be put
    /// @param mostShardBytes of the tensors of a shard; one that is larger has a shard of its own
    public CheckpointWriter(
            Path folder, List<Planned> planned, long mostShardBytes, Map<String, String> metadata) {
        this.folder = folder;
        this.metadata = Map.copyOf(metadata);
        shards = split(planned, mostShardBytes);
    }

    private static List<List<Planned>> split(List<Planned> planned, long most) {
        var shards = new ArrayList<List<Planned>>();
        var names = planned.stream().map(Planned::name).distinct().count();
        if (names < planned.size()) throw new IllegalArgumentException("two tensors of one name");
        var open = new ArrayList<Planned>();
        long bytes = 0;
        for (var p : planned) {
            if (!open.isEmpty() && bytes + p.bytes() > most) {
                shards.add(List.copyOf(open));
                open.clear();
                bytes = 0;
            }
            open.add(p);
            bytes += p.bytes();
        }
        shards.add(List.copyOf(open));
        return shards;
    }

    private String name(int number) {
        return shards.size() == 1
                ? Checkpoint.SINGLE
                : "model-%05d-of-%05d.safetensors".formatted(number + 1, shards.size());
    }

    public void put(String name, MemorySegment bytes) {
        put(name, List.of(bytes));
    }

    /// Writes the bytes of the next tensor, which come in pieces.
    ///
    /// @throws InvalidCheckpoint if they cannot be written
    public void put(String name, Iterable<MemorySegment> pieces) {
        if (writer.isEmpty()) open();
        writer.get().put(name, pieces);
        if (++inShard == shards.get(shard).size()) endShard();
    }

    private void open() {
        writer =
                Optional.of(
                        new SafetensorsWriter(
                                folder.resolve(name(shard)), shards.get(shard), metadata));
    }

    private void endShard() {
        writer.get().finish();
        writer.get().close();
        writer = Optional.empty();
        shard++;
        inShard = 0;
    }

    /// Everything is on the disk when this returns.
    public void finish() {
        if (shards.size() == 1 && shards.getFirst().isEmpty()) {
            open();
            endShard();
        }
        if (shard < shards.size()) throw new IllegalStateException("tensors are missing");
        if (shards.size() > 1) writeIndex();
    }

    private void writeIndex() {
        var json = new ObjectMapper().createObjectNode();
        json.putObject("metadata")
                .put(
                        "total_size",
                        shards.stream().flatMap(List::stream).mapToLong(Planned::bytes).sum());
        var map = json.putObject("weight_map");
        for (int i = 0; i < shards.size(); i++)
            for (var p : shards.get(i)) map.put(p.name(), name(i));
        var file = folder.resolve(ShardIndex.NAME);
        try (var channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            var bytes = ByteBuffer.wrap(json.toPrettyString().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) channel.write(bytes);
            channel.force(true);
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: cannot be written: %s", file, SafetensorsFile.reason(e));
        }
    }

    @Override
    public void close() {
        writer.ifPresent(SafetensorsWriter::close);
    }
}
