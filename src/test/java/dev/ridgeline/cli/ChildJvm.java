package dev.ridgeline.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// The program in a process of its own.
final class ChildJvm {
    private ChildJvm() {}

    /// Starts it; its standard error goes where its standard output goes.
    static Process ridgeline(List<String> jvmOptions, String... args) throws IOException {
        return start("dev.ridgeline.cli.Ridgeline", jvmOptions, _ -> {}, args);
    }

    /// The same with another main class.
    ///
    /// @param settings of the process, such as its environment
    static Process start(
            String main, List<String> jvmOptions, Consumer<ProcessBuilder> settings, String... args)
            throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--add-modules=jdk.incubator.vector");
        command.add("--enable-native-access=ALL-UNNAMED");
        // starts fastest
        command.add("-XX:+UseSerialGC");
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
        command.addAll(List.of(args));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        settings.accept(builder);
        return builder.start();
    }
}
