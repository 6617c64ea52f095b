package dev.ridgeline.shard;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The header of a safetensors file: 8 bytes of length, little-endian, then so many bytes of JSON
/// that map names to dtype, shape and offsets; the rest of the file is the tensors' bytes, without
/// gaps. (The format's README, and `safetensors/src/tensor.rs`.)
///
/// Nothing in it is believed: what does not fit the file's length is refused before anything is
/// allocated by it.
///
/// @param tensors by name, in the order of their offsets
/// @param metadata of `__metadata__`; empty if there is none
public record Header(Map<String, StoredTensor> tensors, Map<String, String> metadata) {
    /// The format's own limit, in bytes.
    public static final long MOST_BYTES = 100_000_000;

    static final String METADATA = "__metadata__";

    /// @param file for messages
    /// @param bytes of the file
    /// @return the length of the JSON
    /// @throws InvalidCheckpoint if the file cannot hold it
    static int length(Path file, long bytes, ByteBuffer first) {
        if (bytes < 8)
            throw new InvalidCheckpoint(
                    "%s: has %d bytes, too few for a safetensors header", file, bytes);
        long length = first.getLong(0);
        if (length < 0 || length > MOST_BYTES)
            throw new InvalidCheckpoint(
                    "%s: its header claims %s bytes, the format allows %,d",
                    file, Long.toUnsignedString(length), MOST_BYTES);
        if (length > bytes - 8)
            throw new InvalidCheckpoint(
                    "%s: its header claims %,d bytes, the file has %,d", file, length, bytes);
        return (int) length;
    }

    /// @param json the header's bytes
    /// @param bytes of the file
    /// @throws InvalidCheckpoint naming the file and the tensor that is wrong
    static Header parse(Path file, ByteBuffer json, long bytes) {
        long begin = 8L + json.remaining();
        var tensors = new LinkedHashMap<String, StoredTensor>();
        var metadata = new LinkedHashMap<String, String>();
        if (!json.hasRemaining() || json.get(json.position()) != '{')
            throw new InvalidCheckpoint("%s: its header does not begin with '{'", file);
        Optional<String> reading = Optional.empty();
        try (var parser = HeaderJson.parser(json)) {
            boolean described = false;
            for (parser.nextToken(); parser.nextToken() == JsonToken.FIELD_NAME; ) {
                var name = parser.currentName();
                reading = Optional.of(name);
                if (name.equals(METADATA)) {
                    if (described) throw new InvalidCheckpoint("%s: has two %s", file, METADATA);
                    described = true;
                    metadata(file, parser, metadata);
                } else {
                    var tensor = tensor(file, name, parser, begin, bytes);
                    if (tensors.put(name, tensor) != null)
                        throw new InvalidCheckpoint("%s: has two tensors '%s'", file, name);
                }
            }
            reading = Optional.empty();
            if (parser.nextToken() != null)
                throw new InvalidCheckpoint("%s: its header goes on after its end", file);
        } catch (IOException e) {
            throw HeaderJson.broken(file, "its header", reading, e);
        }
        return new Header(inOrder(file, tensors, begin, bytes), Map.copyOf(metadata));
    }

    private static void metadata(Path file, JsonParser parser, Map<String, String> to)
            throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT)
            throw new InvalidCheckpoint("%s: its %s is not an object", file, METADATA);
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            var key = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_STRING)
                throw new InvalidCheckpoint("%s: its %s '%s' is not text", file, METADATA, key);
            if (to.put(key, parser.getText()) != null)
                throw new InvalidCheckpoint("%s: its %s has '%s' twice", file, METADATA, key);
        }
    }

    private static StoredTensor tensor(
            Path file, String name, JsonParser parser, long begin, long bytes) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT)
            throw new InvalidCheckpoint("%s: tensor '%s' is not an object", file, name);
        Optional<String> type = Optional.empty();
        Optional<List<Long>> shape = Optional.empty();
        Optional<List<Long>> offsets = Optional.empty();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            var field = parser.currentName();
            boolean again =
                    switch (field) {
                        case "dtype" -> type.isPresent();
                        case "shape" -> shape.isPresent();
                        case "data_offsets" -> offsets.isPresent();
                        default ->
                                throw new InvalidCheckpoint(
                                        "%s: tensor '%s' has a field '%s', which the format does"
                                                + " not know",
                                        file, name, field);
                    };
            if (again) throw new InvalidCheckpoint("%s: tensor '%s' has two %s", file, name, field);
            switch (field) {
                case "dtype" -> type = Optional.of(text(file, name, parser));
                case "shape" -> shape = Optional.of(numbers(file, name, field, parser));
                default -> offsets = Optional.of(numbers(file, name, field, parser));
            }
        }
        if (type.isEmpty() || shape.isEmpty() || offsets.map(List::size).orElse(0) != 2)
            throw new InvalidCheckpoint(
                    "%s: tensor '%s' needs a dtype, a shape and two data_offsets", file, name);
        var named = type.get();
        var stored =
                StoredType.named(named)
                        .orElseThrow(
                                () ->
                                        new InvalidCheckpoint(
                                                "%s: tensor '%s' has dtype '%s', which the format"
                                                        + " does not know",
                                                file, name, named));
        return placed(file, name, stored, shape.get(), offsets.get(), begin, bytes);
    }

    private static String text(Path file, String name, JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.VALUE_STRING)
            throw new InvalidCheckpoint("%s: the dtype of tensor '%s' is not text", file, name);
        return parser.getText();
    }

    private static List<Long> numbers(Path file, String name, String field, JsonParser parser)
            throws IOException {
        if (parser.nextToken() != JsonToken.START_ARRAY)
            throw new InvalidCheckpoint("%s: the %s of tensor '%s' is no list", file, field, name);
        var all = new ArrayList<Long>();
        while (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
            if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                    || parser.getLongValue() < 0)
                throw new InvalidCheckpoint(
                        "%s: the %s of tensor '%s' has %s, must be from 0 to 2^63 - 1",
                        file, field, name, parser.getText());
            all.add(parser.getLongValue());
        }
        if (parser.currentToken() != JsonToken.END_ARRAY)
            throw new InvalidCheckpoint(
                    "%s: the %s of tensor '%s' has something that is no integer",
                    file, field, name);
        return List.copyOf(all);
    }

    private static StoredTensor placed(
            Path file,
            String name,
            StoredType type,
            List<Long> shape,
            List<Long> offsets,
            long begin,
            long bytes) {
        long from = offsets.get(0);
        long to = offsets.get(1);
        if (to < from || to > bytes - begin)
            throw new InvalidCheckpoint(
                    "%s: tensor '%s' claims bytes %,d to %,d of the file's %,d",
                    file, name, from, to, bytes - begin);
        var tensor = new StoredTensor(name, type, shape, begin + from, to - from);
        long bits;
        try {
            bits = Math.multiplyExact(tensor.count(), (long) type.bits());
        } catch (ArithmeticException e) {
            throw new InvalidCheckpoint(
                    "%s: tensor '%s' of shape %s is larger than any file",
                    file, name, tensor.shapeText());
        }
        if (bits % 8 != 0 || bits / 8 != tensor.bytes())
            throw new InvalidCheckpoint(
                    "%s: tensor '%s', %s %s, needs %,d bits, its data_offsets hold %,d bytes",
                    file, name, type, tensor.shapeText(), bits, tensor.bytes());
        return tensor;
    }

    private static Map<String, StoredTensor> inOrder(
            Path file, Map<String, StoredTensor> tensors, long begin, long bytes) {
        var sorted = new LinkedHashMap<String, StoredTensor>();
        long at = begin;
        var byOffset =
                tensors.values().stream()
                        .sorted(
                                Comparator.comparingLong(StoredTensor::offset)
                                        .thenComparingLong(StoredTensor::bytes))
                        .toList();
        for (var tensor : byOffset) {
            if (tensor.offset() != at)
                throw new InvalidCheckpoint(
                        "%s: tensor '%s' begins %s, at byte %,d and not %,d",
                        file,
                        tensor.name(),
                        tensor.offset() < at ? "inside another" : "after a gap",
                        tensor.offset() - begin,
                        at - begin);
            at += tensor.bytes();
            sorted.put(tensor.name(), tensor);
        }
        if (at != bytes)
            throw new InvalidCheckpoint(
                    "%s: has %,d bytes after its last tensor", file, bytes - at);
        return sorted;
    }
}
