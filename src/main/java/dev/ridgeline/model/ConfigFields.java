package dev.ridgeline.model;

import com.fasterxml.jackson.databind.JsonNode;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;

/// Fields of a model's config by their types. What is missing or of another type is a sentence that
/// names the file and the field.
record ConfigFields(Path file, JsonNode json) {
    /// The field's value; empty if it is missing or null.
    Optional<JsonNode> optional(String field) {
        return Optional.ofNullable(json.get(field)).filter(n -> !n.isNull());
    }

    Optional<String> text(String field) {
        return optional(field)
                .map(
                        n -> {
                            if (!n.isTextual()) throw invalid("'%s' is not text", field);
                            return n.asText();
                        });
    }

    int integer(String field) {
        var node = optional(field).orElseThrow(() -> invalid("'%s' is missing", field));
        if (!node.isIntegralNumber() || !node.canConvertToInt())
            throw invalid("'%s' is %s, must be an integer", field, node);
        return node.asInt();
    }

    double number(String field, OptionalDouble otherwise) {
        var node = optional(field);
        if (node.isEmpty()) return otherwise.orElseThrow(() -> invalid("'%s' is missing", field));
        if (!node.get().isNumber())
            throw invalid("'%s' is %s, must be a number", field, node.get());
        return node.get().asDouble();
    }

    boolean flag(String field, boolean otherwise) {
        var node = optional(field);
        if (node.isPresent() && !node.get().isBoolean())
            throw invalid("'%s' is %s, must be true or false", field, node.get());
        return node.map(JsonNode::asBoolean).orElse(otherwise);
    }

    InvalidModel invalid(String format, Object... arguments) {
        return new InvalidModel("%s: %s", file, format.formatted(arguments));
    }
}
