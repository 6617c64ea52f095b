package dev.ridgeline.cli;

import dev.ridgeline.report.Output;
import dev.ridgeline.report.UnwritableOutput;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where a run is kept that was not given a file: in the user's state directory (XDG Base Directory
/// Specification), until the next one.
final class LastRun {
    private LastRun() {}

    /// @throws UnwritableOutput if neither that directory nor the temporary one can be written
    static Output output() {
        try {
            var folder = folder();
            Files.createDirectories(folder);
            return at(folder);
        } catch (IOException | UnwritableOutput e) {
            return at(Path.of(System.getProperty("java.io.tmpdir")));
        }
    }

    /// The user's state directory of this program.
    static Path folder() {
        var state = System.getenv("XDG_STATE_HOME");
        var base =
                state == null || state.isEmpty()
                        ? Path.of(System.getProperty("user.home"), ".local", "state")
                        : Path.of(state);
        return base.resolve("ridgeline");
    }

    private static Output at(Path folder) {
        return Output.to(
                folder.resolve("last-bench.json").toString(),
                new PrintWriter(java.io.Writer.nullWriter()));
    }
}
