package dev.ridgeline.hardware;

import java.util.Locale;
import java.util.Optional;

/// One number about a chip and why to believe it.
///
/// @param unit SI without a prefix: `flop/s`, `byte`, `byte/s`, `Hz`, `W`
/// @param source where it was read, or where the numbers of the formula were
/// @param formula arithmetic that gives the value, for a derived figure
/// @param note what else is printed about it, or what it counts
public record Figure(
        double value,
        String unit,
        Trust trust,
        String source,
        Optional<String> formula,
        Optional<String> note) {

    /// How a figure is known.
    public enum Trust {
        /// Printed by the vendor for the part as it ships.
        VENDOR,
        /// Read from a device by someone else than the vendor.
        MEASURED,
        /// Computed by the formula.
        DERIVED,
        /// Printed by the vendor for a part that does not ship yet.
        ANNOUNCED,
        /// Printed by others, without a way to check it.
        SECONDARY;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Figure {
        if (!(value > 0) || Double.isInfinite(value))
            throw new IllegalArgumentException("a figure is positive and finite, not " + value);
        if (unit.isBlank() || source.isBlank())
            throw new IllegalArgumentException("a figure needs a unit and a source");
        if ((trust == Trust.DERIVED) != formula.isPresent())
            throw new IllegalArgumentException(
                    "a derived figure has a formula, and only such a one");
    }
}
