package dev.ridgeline.cli;

/// The end of a command that cannot go on: one sentence for the user, and the exit code.
final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int exit;

    private Fault(int exit, String sentence) {
        super(sentence);
        this.exit = exit;
    }

    /// What was asked for makes no sense.
    static Fault usage(String sentence, Object... args) {
        return new Fault(Exit.USAGE, sentence.formatted(args));
    }

    /// What was asked for is not on this machine.
    static Fault environment(String sentence, Object... args) {
        return new Fault(Exit.ENVIRONMENT, sentence.formatted(args));
    }

    int exit() {
        return exit;
    }
}
