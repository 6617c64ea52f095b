package dev.ridgeline.report;

/// A file that is not a result this version can read. The message is one sentence that names the
/// file; the command line maps it to exit code 2.
public final class UnreadableResult extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnreadableResult(String message, Throwable cause) {
        super(message, cause);
    }
}
