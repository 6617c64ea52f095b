package dev.ridgeline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The shell script that finds a JDK, in a checkout of its own with a space in its path.
class LauncherTest {
    private static final Map<String, String> THIS_JDK =
            Map.of("RIDGELINE_JAVA_HOME", System.getProperty("java.home"));

    @TempDir Path folder;
    private Path checkout;

    /// @param err what it said, with what it wrote to the standard output before it
    private record Ended(int exit, String err) {}

    @BeforeEach
    void checkout() throws IOException {
        checkout = Files.createDirectories(folder.resolve("a checkout"));
        var launcher = checkout.resolve("ridgeline");
        Files.copy(Path.of("ridgeline"), launcher);
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
        Files.createDirectories(checkout.resolve("src/main"));
        Files.writeString(checkout.resolve("pom.xml"), "");
    }

    private static Ended run(Path launcher, Map<String, String> environment, String... args)
            throws IOException, InterruptedException {
        var command = new ProcessBuilder(launcher.toString()).redirectErrorStream(true);
        command.command().addAll(List.of(args));
        command.environment().putAll(environment);
        command.directory(Path.of("/").toFile());
        var process = command.start();
        var said = new String(process.getInputStream().readAllBytes());
        return new Ended(process.waitFor(), said);
    }

    /// The tools the script needs and no others.
    private String pathWithoutMaven() throws IOException {
        var bin = Files.createDirectories(folder.resolve("bin"));
        for (var tool : List.of("dirname", "readlink", "grep", "find", "head", "mkdir")) {
            var place = Path.of("/usr/bin", tool);
            var real = Files.exists(place) ? place : Path.of("/bin", tool);
            var script = bin.resolve(tool);
            Files.writeString(script, "#!/bin/sh\nexec %s \"$@\"\n".formatted(real));
            assertThat(script.toFile().setExecutable(true)).isTrue();
        }
        return bin.toString();
    }

    @Test
    void a_jdk_that_is_named_and_is_not_one_is_refused() throws Exception {
        var link = Files.createSymbolicLink(folder.resolve("link"), checkout.resolve("ridgeline"));
        assertThat(run(link, Map.of("RIDGELINE_JAVA_HOME", "/nowhere"), "bench"))
                .isEqualTo(
                        new Ended(3, "ridgeline: RIDGELINE_JAVA_HOME=/nowhere is not a JDK 25\n"));
    }

    @Test
    void a_build_without_maven_says_what_to_install() throws Exception {
        var environment = new HashMap<>(THIS_JDK);
        environment.put("PATH", pathWithoutMaven());
        var ended = run(checkout.resolve("ridgeline"), environment, "bench");
        assertThat(ended.exit()).isEqualTo(3);
        assertThat(ended.err()).startsWith("ridgeline: needs Maven to build itself; install it");
    }

    @Test
    void what_is_up_to_date_is_started_without_a_build() throws Exception {
        var target = Files.createDirectories(checkout.resolve("target"));
        Files.writeString(target.resolve("ridgeline.jar"), "not a jar, so java says what it got");
        var environment = new HashMap<>(THIS_JDK);
        environment.put("PATH", pathWithoutMaven());
        var link = Files.createSymbolicLink(folder.resolve("link"), checkout.resolve("ridgeline"));
        var ended = run(link, environment, "--version");
        assertThat(ended.err()).contains("jarfile " + target.resolve("ridgeline.jar"));

        Files.writeString(checkout.resolve("src/main/New.java"), "");
        Files.setLastModifiedTime(target.resolve("ridgeline.jar"), FileTime.fromMillis(0));
        assertThat(run(link, environment, "--version").err()).contains("needs Maven");
    }
}
