package dev.ridgeline.shard;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/// JSON of headers and indexes, read as it comes: memory grows with what is kept of it and not with
/// its length. Bytes that are not UTF-8 are errors, and names are not interned.
final class HeaderJson {
    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(8)
                                    .maxNameLength(1 << 16)
                                    .maxNumberLength(1000)
                                    .maxStringLength((int) Header.MOST_BYTES)
                                    .build())
                    .build();

    private HeaderJson() {}

    /// @param json in an array of the heap
    static JsonParser parser(ByteBuffer json) throws IOException {
        var bytes =
                new ByteArrayInputStream(
                        json.array(), json.arrayOffset() + json.position(), json.remaining());
        // unlike one made for a charset, a reader with a decoder of its own refuses what is
        // malformed
        return FACTORY.createParser(
                new InputStreamReader(bytes, StandardCharsets.UTF_8.newDecoder()));
    }

    /// @param what `its header`
    /// @param tensor that was being read
    static InvalidCheckpoint broken(
            Path file, String what, Optional<String> tensor, IOException e) {
        var at = tensor.map(" at tensor '%s'"::formatted).orElse("");
        return switch (e) {
            case CharacterCodingException _ ->
                    new InvalidCheckpoint("%s: %s is not UTF-8%s", file, what, at);
            case JsonProcessingException j ->
                    new InvalidCheckpoint(
                            "%s: %s is not the JSON of the format%s: %s",
                            file, what, at, j.getOriginalMessage().lines().findFirst().orElse(""));
            default -> new InvalidCheckpoint("%s: %s cannot be read%s: %s", file, what, at, e);
        };
    }
}
