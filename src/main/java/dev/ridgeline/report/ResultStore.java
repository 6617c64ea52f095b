package dev.ridgeline.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// A result that grows row by row and is whole on disk after each. Safe to call from any thread, so
/// that a shutdown hook can close it.
public final class ResultStore implements AutoCloseable {
    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .addModule(new Jdk8Module())
                    .annotationIntrospector(new OnlyOptionalMayBeMissing())
                    .defaultPropertyInclusion(
                            JsonInclude.Value.construct(
                                    JsonInclude.Include.NON_ABSENT, JsonInclude.Include.ALWAYS))
                    .defaultSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL))
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(
                            DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES,
                            DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                            DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                    .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                    .build();

    private final Output output;
    private final List<String> keys;
    private ResultFile file;
    private boolean closed;

    /// Begins with `file` as it is: usually no rows, or those of a run that is resumed.
    ///
    /// @param keys of the rows to come, in the order they are to have, whichever comes first
    /// @throws UnwritableOutput if `output` cannot be written
    public ResultStore(Output output, ResultFile file, List<String> keys) {
        this.output = output;
        this.file = file;
        this.keys = List.copyOf(keys);
        save();
    }

    /// Adds a row, or puts it in the place of the one with the same key.
    public synchronized void put(Row row) {
        file = file.with(row).ordered(keys);
        save();
    }

    /// Puts these in the place of all ceilings there were.
    public synchronized void put(List<ResultFile.CeilingRecord> ceilings) {
        file = file.with(ceilings);
        save();
    }

    /// Adds facts about the machine.
    public synchronized void put(Map<String, Object> facts) {
        file = file.with(facts);
        save();
    }

    /// Marks the run as one that ended as it should.
    public synchronized void complete() {
        file = file.completed();
        save();
    }

    public synchronized ResultFile file() {
        return file;
    }

    /// A stream cannot take a row back, so it gets the document here.
    @Override
    public synchronized void close() {
        if (!closed && !(output instanceof Output.Whole)) output.write(json(file));
        closed = true;
    }

    private void save() {
        if (!closed && output instanceof Output.Whole) output.write(json(file));
    }

    /// The document as JSON, with a newline at its end.
    public static String json(ResultFile file) {
        try {
            return JSON.writeValueAsString(file) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a result that is not JSON", e);
        }
    }

    /// @throws UnreadableResult if `path` does not hold a whole result of this schema version
    public static ResultFile read(Path path) {
        try {
            return parse(path, JSON.readTree(Files.readString(path)));
        } catch (JsonProcessingException e) {
            throw unreadable(path, brokenJson(e), e);
        } catch (NoSuchFileException e) {
            throw unreadable(path, "does not exist", e);
        } catch (CharacterCodingException e) {
            throw unreadable(path, "is not text in UTF-8", e);
        } catch (IOException e) {
            throw unreadable(path, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static ResultFile parse(Path path, JsonNode tree) {
        var schema = Optional.ofNullable(tree.get("schema")).map(JsonNode::asText);
        if (schema.isEmpty())
            throw unreadable(
                    path,
                    tree.isMissingNode()
                            ? "is empty"
                            : "is not a ridgeline result: it names no schema",
                    new IOException("no schema"));
        if (!schema.get().equals(ResultFile.SCHEMA))
            throw unreadable(
                    path,
                    "is of schema %s, and this version reads %s"
                            .formatted(schema.get(), ResultFile.SCHEMA),
                    new IOException("schema"));
        try {
            return JSON.treeToValue(tree, ResultFile.class);
        } catch (JsonProcessingException e) {
            throw unreadable(path, "is not a valid result: " + why(e), e);
        }
    }

    private static UnreadableResult unreadable(Path path, String what, Exception e) {
        return new UnreadableResult(path + " " + what, e);
    }

    private static String brokenJson(JsonProcessingException e) {
        var message = e.getOriginalMessage();
        return message.startsWith("Unexpected end-of-input")
                ? "is truncated: the JSON ends in the middle"
                : "is not JSON: %s at line %s"
                        .formatted(firstPart(message), e.getLocation().getLineNr());
    }

    /// `rows[0].threads is missing`.
    private static String why(JsonProcessingException e) {
        var message = firstPart(e.getOriginalMessage());
        if (!(e instanceof JsonMappingException mapping) || mapping.getPath().isEmpty())
            return message;
        var where =
                mapping.getPath().stream()
                        .map(
                                r ->
                                        r.getFieldName() == null
                                                ? "[" + r.getIndex() + "]"
                                                : "." + r.getFieldName())
                        .collect(Collectors.joining())
                        .substring(1);
        return message.startsWith("Missing required creator property")
                ? where + " is missing"
                : where + ": " + message;
    }

    /// Jackson's message without the advice to programmers that follows in brackets.
    private static String firstPart(String message) {
        return message.lines().findFirst().orElse("").split(" \\(")[0];
    }

    private static final class OnlyOptionalMayBeMissing extends JacksonAnnotationIntrospector {
        private static final long serialVersionUID = 1;

        @Override
        public Boolean hasRequiredMarker(AnnotatedMember member) {
            return member.getRawType() != Optional.class;
        }
    }
}
