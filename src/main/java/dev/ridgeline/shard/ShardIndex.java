package dev.ridgeline.shard;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedSet;

/// The index of a checkpoint in shards: which file has which tensor. Believed as little as a
/// header.
///
/// @param shards file name by tensor, in the order of the index
/// @param totalSize bytes of all tensors, where the index tells
public record ShardIndex(Path path, Map<String, String> shards, OptionalLong totalSize) {
    public static final String NAME = "model.safetensors.index.json";

    /// More than the index of any model has: a tensor takes about a hundred.
    private static final long MOST_BYTES = 100_000_000;

    /// @throws InvalidCheckpoint if it is no index, or names a file outside its folder
    public static ShardIndex read(Path path) {
        try {
            SafetensorsFile.requireRegular(path);
            if (Files.size(path) > MOST_BYTES)
                throw new InvalidCheckpoint(
                        "%s: is too large for an index, which may have %,d bytes",
                        path, MOST_BYTES);
            return parse(path, ByteBuffer.wrap(Files.readAllBytes(path)));
        } catch (IOException e) {
            throw new InvalidCheckpoint("%s: cannot be read: %s", path, SafetensorsFile.reason(e));
        }
    }

    /// @param json in an array of the heap
    static ShardIndex parse(Path path, ByteBuffer json) {
        Optional<Map<String, String>> shards = Optional.empty();
        OptionalLong total = OptionalLong.empty();
        try (var parser = HeaderJson.parser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT)
                throw new InvalidCheckpoint("%s: the index is not a JSON object", path);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                var field = parser.currentName();
                var value = parser.nextToken();
                if (field.equals("metadata") && value == JsonToken.START_OBJECT)
                    total = totalSize(parser);
                else if (!field.equals("weight_map")) parser.skipChildren();
                else if (shards.isPresent())
                    throw new InvalidCheckpoint("%s: has two 'weight_map'", path);
                else if (value == JsonToken.START_OBJECT) shards = Optional.of(map(path, parser));
                else throw new InvalidCheckpoint("%s: 'weight_map' is not an object", path);
            }
            if (parser.nextToken() != null)
                throw new InvalidCheckpoint("%s: the index goes on after its end", path);
        } catch (IOException e) {
            throw HeaderJson.broken(path, "the index", Optional.empty(), e);
        }
        if (shards.isEmpty()) throw new InvalidCheckpoint("%s: has no object 'weight_map'", path);
        return new ShardIndex(path, Collections.unmodifiableMap(shards.get()), total);
    }

    /// Some writers give it as 1.0e9; such a one is not a count of bytes, and is passed over.
    private static OptionalLong totalSize(JsonParser parser) throws IOException {
        OptionalLong total = OptionalLong.empty();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            boolean size = parser.currentName().equals("total_size");
            var value = parser.nextToken();
            if (size
                    && value == JsonToken.VALUE_NUMBER_INT
                    && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER)
                total = OptionalLong.of(parser.getLongValue());
            parser.skipChildren();
        }
        return total;
    }

    private static Map<String, String> map(Path path, JsonParser parser) throws IOException {
        var shards = new LinkedHashMap<String, String>();
        // one text for each shard, however many tensors it has
        var known = new LinkedHashMap<String, String>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            var tensor = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_STRING)
                throw new InvalidCheckpoint(
                        "%s: the shard of tensor '%s' is not text", path, tensor);
            var shard = known.computeIfAbsent(parser.getText(), s -> s);
            requireInside(path, tensor, shard);
            if (shards.put(tensor, shard) != null)
                throw new InvalidCheckpoint("%s: names tensor '%s' twice", path, tensor);
        }
        return shards;
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
                    index, tensor, shard);
    }

    /// The shards, each once.
    public SequencedSet<String> files() {
        return new LinkedHashSet<>(shards.values());
    }

    /// Where a shard is.
    public Path resolve(String shard) {
        return path.toAbsolutePath().getParent().resolve(shard);
    }
}
