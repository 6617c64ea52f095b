package dev.ridgeline.hardware;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads `catalog.json`, whose figures are written in the units their sources print and name their
/// source by a key. An error in it names its place.
final class CatalogReader {
    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .addModule(new Jdk8Module())
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
                    .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
                    .build();

    private record Unit(BigDecimal scale, String si) {
        Unit(String scale, String si) {
            this(new BigDecimal(scale), si);
        }
    }

    private static final Map<String, Unit> UNITS =
            Map.of(
                    "Tflop/s", new Unit("1e12", "flop/s"),
                    "Top/s", new Unit("1e12", "op/s"),
                    "TB/s", new Unit("1e12", "byte/s"),
                    "GB/s", new Unit("1e9", "byte/s"),
                    "GiB", new Unit("1073741824", "byte"),
                    "MiB", new Unit("1048576", "byte"),
                    "MHz", new Unit("1e6", "Hz"));

    private record Document(
            List<String> conventions, Map<String, String> sources, List<Entry> skus) {}

    private record Entry(
            String id,
            String name,
            Generation generation,
            Optional<String> computeCapability,
            Sku.Status status,
            Sku.Ship ship,
            List<String> deviceNames,
            Optional<String> note,
            EnumMap<Precision, Written> peaks,
            EnumMap<Quantity, Written> figures) {}

    private record Written(
            BigDecimal value,
            String unit,
            Figure.Trust trust,
            String source,
            Optional<String> formula,
            Optional<String> note) {}

    private final Map<String, String> sources;

    private CatalogReader(Map<String, String> sources) {
        this.sources = sources;
    }

    static List<Sku> read() {
        try (var in = CatalogReader.class.getResourceAsStream("catalog.json")) {
            if (in == null) throw new IllegalStateException("catalog.json is not in the jar");
            return read(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @throws IllegalArgumentException naming the place, if a figure has no known unit, no source,
    ///   or is not of the quantity it stands for
    /// @throws IOException if it is not JSON of this form
    static List<Sku> read(InputStream in) throws IOException {
        var document = JSON.readValue(in, Document.class);
        var reader = new CatalogReader(document.sources());
        return document.skus().stream().map(reader::sku).toList();
    }

    private Sku sku(Entry e) {
        var peaks = new EnumMap<Precision, Figure>(Precision.class);
        e.peaks().forEach((p, w) -> peaks.put(p, figure(e.id() + ", " + p.label(), w, p.unit())));
        var figures = new EnumMap<Quantity, Figure>(Quantity.class);
        e.figures()
                .forEach((q, w) -> figures.put(q, figure(e.id() + ", " + q.label(), w, q.unit())));
        var ship = e.ship();
        return new Sku(
                e.id(),
                e.name(),
                e.generation(),
                e.computeCapability().map(ComputeCapability::of),
                e.status(),
                new Sku.Ship(ship.date(), ship.trust(), source(e.id() + ", ship", ship.source())),
                e.deviceNames(),
                e.note(),
                peaks,
                figures);
    }

    private Figure figure(String place, Written w, String expected) {
        var unit = UNITS.getOrDefault(w.unit(), new Unit(BigDecimal.ONE, w.unit()));
        if (!unit.si().equals(expected))
            throw new IllegalArgumentException(
                    "catalog, " + place + ": " + w.unit() + " is not a unit of " + expected);
        var source = source(place, w.source());
        try {
            return new Figure(
                    w.value().multiply(unit.scale()).doubleValue(),
                    unit.si(),
                    w.trust(),
                    source,
                    w.formula(),
                    w.note());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("catalog, " + place + ": " + e.getMessage(), e);
        }
    }

    private String source(String place, String key) {
        var source = sources.get(key);
        if (source == null)
            throw new IllegalArgumentException("catalog, " + place + ": no source \"" + key + "\"");
        return source;
    }
}
