package dev.ridgeline.shard;

import java.util.Arrays;
import java.util.Locale;

/// A checkpoint that cannot be read or written; the message is one sentence that names the file.
///
/// Names and values in it may come from a file that nobody vouches for. Text is cut where it is
/// long, and what would not print as itself is escaped, so that a message stays one line.
public final class InvalidCheckpoint extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// Characters of a name or value that are shown, from its beginning.
    private static final int SHOWN = 200;

    /// @param arguments paths are shown whole, strings are cut
    public InvalidCheckpoint(String format, Object... arguments) {
        super(printable(String.format(Locale.ROOT, format, cut(arguments))));
    }

    private static Object[] cut(Object[] arguments) {
        return Arrays.stream(arguments).map(InvalidCheckpoint::cut).toArray();
    }

    private static Object cut(Object argument) {
        return argument instanceof String text && text.length() > SHOWN
                ? text.substring(0, SHOWN) + "..."
                : argument;
    }

    private static String printable(String text) {
        if (text.codePoints().noneMatch(InvalidCheckpoint::hidden)) return text;
        var shown = new StringBuilder(text.length() + 16);
        text.codePoints()
                .forEach(
                        c -> {
                            if (hidden(c)) shown.append("\\u%04x".formatted(c));
                            else shown.appendCodePoint(c);
                        });
        return shown.toString();
    }

    private static boolean hidden(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    true;
            default -> false;
        };
    }
}
