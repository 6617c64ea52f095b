package dev.ridgeline.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// One or more positive extents, as on the command line: `256`, `256,512`, `1024:4096:1024` (start,
/// last, step), or a mix of these.
record Sizes(List<Integer> values) {
    static final String LABEL = "SIZES";

    private static final int MOST = 10_000;
    private static final Pattern RANGE = Pattern.compile("(\\d+):(\\d+):(\\d+)");

    static final class Converter implements ITypeConverter<Sizes> {
        @Override
        public Sizes convert(String text) {
            var values = new ArrayList<Integer>();
            for (var part : text.split(",", -1)) add(part, values);
            return new Sizes(List.copyOf(values));
        }

        private static void add(String part, List<Integer> to) {
            var range = RANGE.matcher(part);
            if (!range.matches()) {
                to.add(positive(part, part));
                return;
            }
            int start = positive(range.group(1), part);
            int last = positive(range.group(2), part);
            int step = positive(range.group(3), part);
            if (last < start)
                throw new TypeConversionException("'%s' ends before it starts".formatted(part));
            if ((last - start) / step >= MOST)
                throw new TypeConversionException(
                        "'%s' is more than %d sizes".formatted(part, MOST));
            for (long v = start; v <= last; v += step) to.add((int) v);
        }

        private static int positive(String number, String part) {
            try {
                int value = Integer.parseInt(number);
                if (value > 0) return value;
            } catch (NumberFormatException e) {
                // said below, with what would be right
            }
            throw new TypeConversionException(
                    "'%s' is not a size: use 256, 256,512 or 1024:4096:1024".formatted(part));
        }
    }

    static List<Integer> or(Optional<Sizes> given, int usual) {
        return given.map(Sizes::values).orElse(List.of(usual));
    }
}
