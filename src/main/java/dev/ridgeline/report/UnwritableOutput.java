package dev.ridgeline.report;

/// A place results cannot be written to. The message is one sentence that names it; the command
/// line maps it to exit code 2.
public final class UnwritableOutput extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnwritableOutput(String message, Throwable cause) {
        super(message, cause);
    }
}
