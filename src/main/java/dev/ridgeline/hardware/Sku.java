package dev.ridgeline.hardware;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A part one can buy, with its own peaks. What is not known is absent, never zero.
///
/// @param id stable name for files and the command line: `h100-sxm5-80gb`
/// @param deviceNames what a driver calls it; empty for a part no driver has reported
public record Sku(
        String id,
        String name,
        Generation generation,
        Optional<ComputeCapability> computeCapability,
        Status status,
        Ship ship,
        List<String> deviceNames,
        Optional<String> note,
        Map<Precision, Figure> peaks,
        Map<Quantity, Figure> figures) {

    public enum Status {
        SHIPPED,
        /// Shown in results, not for sale.
        PREVIEW,
        ANNOUNCED
    }

    /// @param date as exactly as it is known: `2025-01-30`, `2022`, `H2 2027`
    public record Ship(String date, Figure.Trust trust, String source) {}

    public Sku {
        deviceNames = List.copyOf(deviceNames);
        peaks = sorted(Precision.class, peaks);
        figures = sorted(Quantity.class, figures);
    }

    private static <K extends Enum<K>> Map<K, Figure> sorted(Class<K> keys, Map<K, Figure> map) {
        var sorted = new EnumMap<K, Figure>(keys);
        sorted.putAll(map);
        return Collections.unmodifiableMap(sorted);
    }

    /// Dense, with f32 accumulation, in [Precision#unit()]. The denominator of MFU; without it
    /// there is no MFU.
    public Optional<Figure> peak(Precision precision) {
        return Optional.ofNullable(peaks.get(precision));
    }

    public Optional<Figure> figure(Quantity quantity) {
        return Optional.ofNullable(figures.get(quantity));
    }

    /// The part's printed ceilings, where both are known.
    public Optional<Roofline> roofline(Precision precision) {
        return peak(precision)
                .flatMap(
                        flops ->
                                figure(Quantity.MEMORY_BANDWIDTH)
                                        .map(b -> new Roofline(flops.value(), b.value())));
    }

    @Override
    public String toString() {
        return id;
    }
}
