package dev.ridgeline.hardware;

import java.util.Optional;

/// One finding of `ridgeline devices`.
///
/// @param detail what was found, with its figures
/// @param remedy what to do about it; empty where nothing is wrong
public record Check(String name, Status status, String detail, Optional<String> remedy) {
    public enum Status {
        PASS,
        /// Measurements will be slower or noisier than they could be.
        WARN,
        /// Measurements would mean nothing.
        FAIL
    }

    static Check pass(String name, String detail) {
        return new Check(name, Status.PASS, detail, Optional.empty());
    }

    static Check warn(String name, String detail, String remedy) {
        return new Check(name, Status.WARN, detail, Optional.of(remedy));
    }

    static Check fail(String name, String detail, String remedy) {
        return new Check(name, Status.FAIL, detail, Optional.of(remedy));
    }
}
