package dev.ridgeline.train;

/// Text that nothing can be learnt from; the message is one sentence for a person.
public final class InvalidText extends RuntimeException {
    private static final long serialVersionUID = 1;

    public InvalidText(String format, Object... arguments) {
        super(format.formatted(arguments));
    }
}
