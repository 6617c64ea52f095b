package dev.ridgeline.cli;

import dev.ridgeline.report.ResultFile;

import picocli.CommandLine.IVersionProvider;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/// What was built, from a resource that the build fills in.
final class Version implements IVersionProvider {
    static final ResultFile.Build BUILD = read();

    private static ResultFile.Build read() {
        var properties = new Properties();
        try (var in = Version.class.getResourceAsStream("build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new ResultFile.Build(
                properties.getProperty("version"),
                properties.getProperty("commit"),
                Boolean.parseBoolean(properties.getProperty("dirty")));
    }

    @Override
    public String[] getVersion() {
        return new String[] {
            "ridgeline %s (commit %.12s%s), Java %s"
                    .formatted(
                            BUILD.version(),
                            BUILD.commit(),
                            BUILD.dirty() ? " with changes" : "",
                            Runtime.version())
        };
    }
}
