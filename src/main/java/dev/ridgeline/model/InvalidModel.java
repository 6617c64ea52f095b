package dev.ridgeline.model;

/// A model that cannot be built, or a file that does not describe one; the message is one sentence
/// for a person.
public final class InvalidModel extends RuntimeException {
    private static final long serialVersionUID = 1;

    public InvalidModel(String format, Object... arguments) {
        super(format.formatted(arguments));
    }
}
