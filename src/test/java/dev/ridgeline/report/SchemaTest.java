package dev.ridgeline.report;

import static org.assertj.core.api.Assertions.assertThat;

import static java.util.Map.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;

import dev.ridgeline.measure.Protocol;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/// The published schema admits what the store writes and nothing else.
class SchemaTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNode TEXT = schemaInJar();
    private static final JsonSchema SCHEMA =
            JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(TEXT);

    private static JsonNode schemaInJar() {
        try (var in = ResultFile.class.getResourceAsStream("result-1.schema.json")) {
            return JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode suite() throws IOException {
        return JSON.readTree(ResultStore.json(Samples.suite()));
    }

    private static Set<String> faults(JsonNode document) {
        return SCHEMA.validate(document).stream()
                .map(ValidationMessage::getMessage)
                .collect(Collectors.toSet());
    }

    @Test
    void the_jar_holds_the_published_schema() throws IOException {
        assertThat(TEXT)
                .isEqualTo(JSON.readTree(Files.readString(Path.of("schema/result-1.schema.json"))));
    }

    @Test
    void the_schema_is_one() {
        var meta =
                JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                        .getSchema(
                                com.networknt.schema.SchemaLocation.of(
                                        com.networknt.schema.SchemaId.V202012));
        assertThat(meta.validate(TEXT)).isEmpty();
    }

    @Test
    void admits_every_kind_of_row() throws IOException {
        var file =
                Samples.of(
                        Samples.row("a", 1, 0.01),
                        Samples.capped("e", 50, 1.1),
                        Samples.occupying(
                                "f", new Row.Occupancy("gemm_nt", 248, 8, 98304, 256, 1, 0.125)),
                        Samples.without("b", Row.Status.WRONG, "off"),
                        Samples.without("c", Row.Status.REFUSED, "f32 only"),
                        Samples.without("d", Row.Status.FAILED, "out of memory"));
        assertThat(faults(suite())).isEmpty();
        assertThat(faults(JSON.readTree(ResultStore.json(file)))).isEmpty();
    }

    @TestFactory
    Stream<DynamicTest> no_required_field_may_be_missing() {
        return Stream.of(
                        "",
                        "/ridgeline",
                        "/devices/0",
                        "/protocol",
                        "/ceilings/0",
                        "/rows/0",
                        "/rows/0/verified",
                        "/rows/0/seconds",
                        "/rows/0/rate",
                        "/rows/0/share")
                .map(
                        at ->
                                DynamicTest.dynamicTest(
                                        "in " + at,
                                        () -> {
                                            var names = suite().at(at).fieldNames();
                                            while (names.hasNext()) {
                                                var name = names.next();
                                                if (Set.of(
                                                                "vectorBits",
                                                                "verified",
                                                                "share",
                                                                "cache")
                                                        .contains(name)) continue;
                                                var broken = suite();
                                                ((ObjectNode) broken.at(at)).remove(name);
                                                assertThat(faults(broken))
                                                        .as("without " + name)
                                                        .isNotEmpty();
                                            }
                                        }));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "|schema|\"ridgeline-result-2\"",
                "|extra|1",
                "/rows/0|extra|1",
                "/rows/0|status|\"FINE\"",
                "/rows/0|status|\"WRONG\"",
                "/rows/0|reason|\"but it was measured\"",
                "/rows/0|threads|0",
                "/rows/0|threads|\"2\"",
                "/rows/0|samples|[[]]",
                "/rows/0|samples|[[\"NaN\"]]",
                "/rows/0|shape|{\"m\": 1.5}",
                "/rows/0|cache|\"warm\"",
                "/rows/0/seconds|median|0",
                "/rows/0/seconds|noisy|1",
                "/rows/0/rate|unit|\"GFLOP/s\"",
                "/ceilings/0|value|-1",
                "/protocol|rounds|0",
            })
    void rejects(String at, String field, String value) throws IOException {
        var broken = suite();
        ((ObjectNode) broken.at(at == null ? "" : at)).set(field, JSON.readTree(value));
        assertThat(faults(broken)).isNotEmpty();
    }

    /// Records and schema are two statements of one contract; this keeps them one.
    @Test
    void names_exactly_the_components_of_the_records() {
        var records =
                Map.ofEntries(
                        entry("", ResultFile.class),
                        entry("/$defs/build", ResultFile.Build.class),
                        entry("/$defs/device", ResultFile.DeviceRecord.class),
                        entry("/$defs/ceiling", ResultFile.CeilingRecord.class),
                        entry("/$defs/protocol", Protocol.class),
                        entry("/$defs/row", Row.class),
                        entry("/$defs/row/properties/verified", Row.Proof.class),
                        entry("/$defs/row/properties/seconds", Row.Seconds.class),
                        entry("/$defs/row/properties/rate", Row.Rate.class),
                        entry("/$defs/row/properties/share", Row.Share.class),
                        entry("/$defs/row/properties/capacity", Row.Capacity.class));
        records.forEach(
                (at, record) -> {
                    var components = Arrays.asList(record.getRecordComponents());
                    assertThat(TEXT.at(at).get("properties").fieldNames())
                            .toIterable()
                            .as(at)
                            .containsExactlyInAnyOrderElementsOf(
                                    components.stream().map(RecordComponent::getName).toList());
                    assertThat(texts(TEXT.at(at).get("required")))
                            .as(at + " required")
                            .containsExactlyInAnyOrderElementsOf(
                                    components.stream()
                                            .filter(c -> c.getType() != Optional.class)
                                            .map(RecordComponent::getName)
                                            .toList());
                });
    }

    @Test
    void describes_every_number() {
        var undescribed =
                TEXT.findParents("type").stream()
                        .flatMap(
                                node ->
                                        StreamSupport.stream(
                                                node.path("properties").spliterator(), false))
                        .filter(
                                p ->
                                        Set.of("number", "integer")
                                                        .contains(p.path("type").asText())
                                                || p.path("$ref").asText().endsWith("otNegative")
                                                || p.path("$ref")
                                                        .asText()
                                                        .endsWith("finitePositive"))
                        .filter(p -> !p.has("description"));
        assertThat(undescribed).isEmpty();
    }

    private static List<String> texts(JsonNode array) {
        assertThat(array).isInstanceOf(ArrayNode.class);
        return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList();
    }
}
