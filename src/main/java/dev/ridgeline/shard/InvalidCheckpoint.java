package dev.ridgeline.shard;

/// A checkpoint that cannot be read or written; the message is one sentence that names the file.
public final class InvalidCheckpoint extends RuntimeException {
    private static final long serialVersionUID = 1;

    public InvalidCheckpoint(String format, Object... arguments) {
        super(format.formatted(arguments));
    }
}
