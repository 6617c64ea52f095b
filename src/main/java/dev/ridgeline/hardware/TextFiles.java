package dev.ridgeline.hardware;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Where the operating system tells about itself: small text files by their absolute path.
@FunctionalInterface
interface TextFiles {
    /// The machine this runs on.
    TextFiles SYSTEM =
            path -> {
                try {
                    return Optional.of(Files.readString(Path.of(path)).strip());
                } catch (IOException absent) {
                    return Optional.empty();
                }
            };

    /// Stripped; empty if there is no such file or it may not be read.
    Optional<String> read(String path);

    /// How many numbers a kernel list such as `0-3,8` has.
    static int count(String list) {
        int count = 0;
        for (var range : list.split(",")) {
            var ends = range.strip().split("-");
            count += Integer.parseInt(ends[ends.length - 1]) - Integer.parseInt(ends[0]) + 1;
        }
        return count;
    }
}
