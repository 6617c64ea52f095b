package dev.ridgeline.oracle;

import java.net.URISyntaxException;
import java.nio.file.Path;

/// The folder of the build, `target/`, wherever the JVM was started: where libraries that come
/// inside jars are unpacked, instead of the home folder.
public final class BuildFolder {
    private BuildFolder() {}

    /// Its subfolder `name`.
    public static Path of(String name) {
        try {
            var classes = BuildFolder.class.getProtectionDomain().getCodeSource().getLocation();
            return Path.of(classes.toURI()).resolveSibling(name);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
