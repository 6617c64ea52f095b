package dev.ridgeline.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/// An amount of memory: `2GiB`, `512MiB`, `1.5GB`, plain bytes, or a share of what there is, `60%`.
///
/// @param value in bytes, or in hundredths of the whole
record ByteSize(double value, boolean share) {
    private static final Pattern FORM = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(%|[A-Za-z]*)");
    private static final Map<String, Double> UNITS =
            Map.ofEntries(
                    Map.entry("", 1.0),
                    Map.entry("b", 1.0),
                    Map.entry("kb", 1e3),
                    Map.entry("mb", 1e6),
                    Map.entry("gb", 1e9),
                    Map.entry("tb", 1e12),
                    Map.entry("kib", 0x1p10),
                    Map.entry("mib", 0x1p20),
                    Map.entry("gib", 0x1p30),
                    Map.entry("tib", 0x1p40));

    /// @param whole bytes that 100 % stands for
    long of(long whole) {
        return (long) (share ? whole / 100.0 * value : value);
    }

    static final class Converter implements ITypeConverter<ByteSize> {
        @Override
        public ByteSize convert(String text) {
            var form = FORM.matcher(text);
            if (form.matches()) {
                double number = Double.parseDouble(form.group(1));
                var unit = form.group(2).toLowerCase(Locale.ROOT);
                if (unit.equals("%") && number > 0 && number <= 100)
                    return new ByteSize(number, true);
                if (UNITS.containsKey(unit) && number * UNITS.get(unit) >= 1)
                    return new ByteSize(number * UNITS.get(unit), false);
            }
            throw new TypeConversionException(
                    "'%s' is not an amount of memory: use 2GiB, 1500MB or 60%%".formatted(text));
        }
    }
}
