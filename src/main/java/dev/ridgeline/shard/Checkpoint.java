package dev.ridgeline.shard;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The tensors of a checkpoint, in one safetensors file or in shards that an index names.
public final class Checkpoint implements AutoCloseable {
    public static final String SINGLE = "model.safetensors";

    /// A tensor and the file it is in.
    public record Place(SafetensorsFile file, StoredTensor tensor) {}

    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, Place> places = new LinkedHashMap<>();

    private Checkpoint() {}

    /// @param path a safetensors file, an index, or a folder that has either
    /// @throws InvalidCheckpoint if something is missing or does not fit together
    public static Checkpoint open(Path path) {
        var checkpoint = new Checkpoint();
        try {
            var index = path.resolve(ShardIndex.NAME);
            if (path.toString().endsWith(".json")) checkpoint.addShards(path);
            else if (!Files.isDirectory(path)) checkpoint.add(path);
            else if (Files.exists(index)) checkpoint.addShards(index);
            else if (Files.exists(path.resolve(SINGLE))) checkpoint.add(path.resolve(SINGLE));
            else
                throw new InvalidCheckpoint(
                        "%s: has neither %s nor %s", path, SINGLE, ShardIndex.NAME);
            return checkpoint;
        } catch (RuntimeException | Error e) {
            checkpoint.close();
            throw e;
        }
    }

    private void addShards(Path path) {
        var index = ShardIndex.read(path);
        // every shard is there before the first is opened, and the message knows what is in it
        index.shards()
                .forEach(
                        (tensor, shard) -> {
                            if (!Files.exists(index.resolve(shard)))
                                throw new InvalidCheckpoint(
                                        "%s: no such file, and the index has tensor '%s' in it",
                                        index.resolve(shard), tensor);
                        });
        for (var shard : index.files()) add(index.resolve(shard));
        index.shards()
                .forEach(
                        (name, shard) -> {
                            var place = places.get(name);
                            if (place == null || !place.file().path().equals(index.resolve(shard)))
                                throw new InvalidCheckpoint(
                                        "%s: tensor '%s' is not in its shard %s",
                                        path, name, shard);
                        });
    }

    private void add(Path path) {
        var file = SafetensorsFile.open(path);
        files.add(file);
        file.header()
                .tensors()
                .forEach(
                        (name, tensor) -> {
                            if (places.put(name, new Place(file, tensor)) != null)
                                throw new InvalidCheckpoint(
                                        "%s: tensor '%s' is in another shard too", path, name);
                        });
    }

    public Set<String> names() {
        return places.keySet();
    }

    public Optional<Place> find(String name) {
        return Optional.ofNullable(places.get(name));
    }

    /// In the order in which the index names them.
    public List<SafetensorsFile> files() {
        return List.copyOf(files);
    }

    /// Bytes of all tensors.
    public long bytes() {
        return places.values().stream()
                .mapToLong(p -> p.tensor().bytes())
                .reduce(0, Math::addExact);
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
