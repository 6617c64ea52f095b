package dev.ridgeline.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/// How much private memory the process comes to have while something runs, by Linux's `RssAnon`,
/// looked at every few milliseconds. Pages of files that are seen as memory are not in it.
public final class HostMemory implements AutoCloseable {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String FIELD = "RssAnon:";
    private static final String UNIT = " kB";

    /// Longer than the file is.
    private static final int ROOM = 1 << 14;

    private final Optional<FileChannel> status;
    private final ByteBuffer text = ByteBuffer.allocate(ROOM);
    private final long before;
    private final Thread watch;
    private volatile long most;

    /// Begins to look.
    public HostMemory() {
        status = open();
        before = now().orElse(0);
        most = before;
        watch = Thread.ofPlatform().daemon().start(this::look);
    }

    private static Optional<FileChannel> open() {
        try {
            return Optional.of(FileChannel.open(STATUS));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /// Bytes now; empty where the system does not tell. Some microseconds, on the cores of what is
    /// watched.
    private OptionalLong now() {
        if (status.isEmpty()) return OptionalLong.empty();
        try {
            int length = status.get().read(text.clear(), 0);
            var found = new String(text.array(), 0, length, StandardCharsets.ISO_8859_1);
            int at = found.indexOf(FIELD);
            if (at < 0) return OptionalLong.empty();
            var number = found.substring(at + FIELD.length(), found.indexOf(UNIT, at)).strip();
            return OptionalLong.of(1024 * Long.parseLong(number));
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
        try {
            watch.join();
            if (status.isPresent()) status.get().close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new IllegalStateException("closing " + STATUS, e);
        }
    }
}
