package dev.ridgeline.cli;

/// Exit codes of every command.
final class Exit {
    static final int OK = 0;

    /// A kernel was wrong, or a comparison regressed.
    static final int WRONG = 1;

    static final int USAGE = 2;

    /// The machine lacks something: a device, a library, memory.
    static final int ENVIRONMENT = 3;

    static final int NOT_ENOUGH_EVIDENCE = 4;

    private Exit() {}
}
