package dev.ridgeline.shard;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The tensors of a checkpoint, in one safetensors file or in shards that an index names.
public final class Checkpoint implements AutoCloseable {
    public static final String SINGLE = "model.safetensors";
    public static final String INDEX = "model.safetensors.index.json";

    /// More than the index of any model has.
    private static final long MOST_INDEX_BYTES = 100_000_000;

    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

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
            if (path.toString().endsWith(".json")) checkpoint.addShards(path);
            else if (!Files.isDirectory(path)) checkpoint.add(path);
            else if (Files.exists(path.resolve(INDEX))) checkpoint.addShards(path.resolve(INDEX));
            else if (Files.exists(path.resolve(SINGLE))) checkpoint.add(path.resolve(SINGLE));
            else throw new InvalidCheckpoint("%s: has neither %s nor %s", path, SINGLE, INDEX);
            return checkpoint;
        } catch (RuntimeException | Error e) {
            checkpoint.close();
            throw e;
        }
    }

    /// The shard of each tensor, as an index tells.
    ///
    /// @throws InvalidCheckpoint if it is no index, or names a file outside its folder
    public static Map<String, String> readIndex(Path index) {
        try {
            if (Files.size(index) > MOST_INDEX_BYTES)
                throw new InvalidCheckpoint("%s: is too large for an index", index);
            var map = JSON.readTree(Files.readAllBytes(index)).path("weight_map");
            if (!map.isObject())
                throw new InvalidCheckpoint("%s: has no object 'weight_map'", index);
            var shards = new LinkedHashMap<String, String>();
            for (Map.Entry<String, JsonNode> entry : map.properties()) {
                var shard = entry.getValue();
                if (!shard.isTextual())
                    throw new InvalidCheckpoint(
                            "%s: the shard of tensor '%s' is not text", index, entry.getKey());
                requireInside(index, entry.getKey(), shard.asText());
                shards.put(entry.getKey(), shard.asText());
            }
            return shards;
        } catch (JsonProcessingException e) {
            throw new InvalidCheckpoint(
                    "%s: is not JSON: %s",
                    index, e.getOriginalMessage().lines().findFirst().orElse(""));
        } catch (IOException e) {
            throw new InvalidCheckpoint("%s: cannot be read: %s", index, SafetensorsFile.reason(e));
        }
    }

    private static void requireInside(Path index, String tensor, String shard) {
        if (shard.isEmpty()
                || shard.contains("/")
                || shard.contains("\\")
                || shard.contains("\0")
                || shard.equals(".")
                || shard.equals(".."))
            throw new InvalidCheckpoint(
                    "%s: the shard of tensor '%s' is '%s', which is no file of its folder",
                    index, tensor, shard.replace("\0", "\\0"));
    }

    private void addShards(Path index) {
        var shards = readIndex(index);
        var folder = index.toAbsolutePath().getParent();
        for (var shard : new LinkedHashSet<>(shards.values())) add(folder.resolve(shard));
        shards.forEach(
                (name, shard) -> {
                    var place = places.get(name);
                    if (place == null || !place.file().path().equals(folder.resolve(shard)))
                        throw new InvalidCheckpoint(
                                "%s: tensor '%s' is not in its shard %s", index, name, shard);
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

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
