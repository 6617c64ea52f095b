package dev.ridgeline.cli;

import dev.ridgeline.hardware.Catalog;
import dev.ridgeline.hardware.Figure;
import dev.ridgeline.hardware.Quantity;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The memories that a step is to be run in: shares of its working set, amounts, or parts by name.
///
/// Parts are scaled to the model: the largest one named stands for the whole working set, the
/// others for the same share of it as their memory is of the largest one's.
record Caps(List<Cap> caps) {
    /// @param share of the working set; absent for an amount
    record Cap(String name, Optional<Double> share, long bytes) {
        long of(long workingSet) {
            return share.map(s -> (long) Math.floor(s * workingSet)).orElse(bytes);
        }
    }

    static final String DEFAULT = "100,75,50,35,20";

    static final class Converter implements ITypeConverter<Caps> {
        @Override
        public Caps convert(String text) {
            var parts = new LinkedHashMap<String, Double>();
            for (var name : text.split(",", -1))
                memory(name.strip()).ifPresent(bytes -> parts.put(name.strip(), bytes));
            double largest = parts.values().stream().mapToDouble(b -> b).max().orElse(1);
            var caps = new ArrayList<Cap>();
            for (var part : text.split(",", -1)) {
                var name = part.strip();
                if (parts.containsKey(name))
                    caps.add(new Cap(name, Optional.of(parts.get(name) / largest), 0));
                else caps.add(cap(name));
            }
            return new Caps(List.copyOf(caps));
        }

        private static Cap cap(String text) {
            try {
                double share = Double.parseDouble(text.replaceFirst("%$", "")) / 100;
                if (share > 0 && share <= 1)
                    return new Cap(text.endsWith("%") ? text : text + "%", Optional.of(share), 0);
            } catch (NumberFormatException e) {
                // an amount, or nothing that is known
            }
            if (text.matches("\\d+(\\.\\d+)?\\s*[A-Za-z]+"))
                return new Cap(
                        text,
                        Optional.empty(),
                        new ByteSize.Converter().convert(text).of(Long.MAX_VALUE));
            throw new TypeConversionException(
                    "'%s' is no cap: use a share of the working set (50), an amount (4GiB) or a"
                                    .formatted(text)
                            + " part (h100)");
        }

        /// Bytes of the part of that name; of several, of the first that shipped.
        private static Optional<Double> memory(String name) {
            return Catalog.load().skus().stream()
                    .filter(s -> s.id().equals(name) || s.id().startsWith(name + "-"))
                    .filter(s -> s.figure(Quantity.MEMORY).isPresent())
                    .findFirst()
                    .flatMap(s -> s.figure(Quantity.MEMORY))
                    .map(Figure::value);
        }
    }

    /// Largest first, no two of the same size.
    Map<Cap, Long> of(long workingSet) {
        var sized = new LinkedHashMap<Cap, Long>();
        caps.stream()
                .sorted(Comparator.comparingLong(c -> -c.of(workingSet)))
                .forEach(
                        c -> {
                            if (!sized.containsValue(c.of(workingSet)))
                                sized.put(c, c.of(workingSet));
                        });
        return sized;
    }
}
