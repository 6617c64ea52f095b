package dev.ridgeline.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/// Runs a command line in this process.
///
/// @param exit its exit code
record Shell(int exit, String out, String err) {
    static Shell run(String... args) {
        var out = new StringWriter();
        var err = new StringWriter();
        int exit =
                Ridgeline.commandLine()
                        .setOut(new PrintWriter(out, true))
                        .setErr(new PrintWriter(err, true))
                        .execute(args);
        return new Shell(exit, out.toString(), err.toString());
    }
}
