package dev.ridgeline.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/// How much private memory the process comes to have while something runs, by Linux's `RssAnon`,
/// looked at every few milliseconds. Pages of files that are seen as memory are not in it.
public final class HostMemory implements AutoCloseable {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String FIELD = "RssAnon:";

    private final long before;
    private final Thread watch;
    private volatile long most;

    /// Begins to look.
    public HostMemory() {
        before = now().orElse(0);
        most = before;
        watch = Thread.ofPlatform().daemon().start(this::look);
    }

    /// Bytes now; empty where the system does not tell.
    static OptionalLong now() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(FIELD))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private void look() {
        try {
            while (true) {
                most = Math.max(most, now().orElse(0));
                Thread.sleep(5);
            }
        } catch (InterruptedException _) {
            // it was closed
        }
    }

    /// Bytes that were added at most; empty where the system does not tell.
    public OptionalLong growth() {
        return before == 0 ? OptionalLong.empty() : OptionalLong.of(most - before);
    }

    @Override
    public void close() {
        watch.interrupt();
    }
}
