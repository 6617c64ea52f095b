package dev.ridgeline.cli;

import java.nio.charset.Charset;

/// What the launcher and the system say of the terminal.
final class Terminal {
    private Terminal() {}

    /// Of the standard output.
    static Charset charset() {
        return Charset.forName(
                System.getProperty("stdout.encoding", Charset.defaultCharset().name()));
    }

    /// Columns; without end where the standard output is no terminal.
    static int width() {
        return Integer.getInteger("ridgeline.columns", Integer.MAX_VALUE);
    }

    /// Whether someone sees the standard error as it comes.
    static boolean watched() {
        return Boolean.getBoolean("ridgeline.watched");
    }
}
