package dev.ridgeline.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// Where a document goes: a file that is always whole on disk, or a stream that gets it once.
public sealed interface Output {
    /// Writes the document, in the place of what was written before.
    ///
    /// @throws UnwritableOutput if it cannot be; a file then holds what it held
    void write(String text);

    /// What was asked for, for messages.
    String name();

    /// Finds out before anything is measured whether `target` can be written.
    ///
    /// @param target a file, or `-` for `stdout`
    /// @throws UnwritableOutput if it cannot
    static Output to(String target, PrintWriter stdout) {
        if (target.equals("-")) return new Stdout(stdout);
        try {
            var path = Path.of(target).toAbsolutePath();
            if (Files.isDirectory(path))
                throw new UnwritableOutput(
                        "cannot write " + target + ": it is a folder", new IOException(target));
            if (Files.exists(path)) path = path.toRealPath();
            return Files.exists(path) && !Files.isRegularFile(path)
                    ? new Special(target, path)
                    : Whole.probed(target, path);
        } catch (IOException | InvalidPathException e) {
            throw unwritable(target, e);
        }
    }

    private static UnwritableOutput unwritable(String target, Exception e) {
        var why =
                switch (e) {
                    case NoSuchFileException _ -> "its folder does not exist";
                    case AccessDeniedException _ -> "permission denied";
                    case FileSystemException f when f.getReason() != null -> f.getReason();
                    case InvalidPathException p -> p.getReason();
                    default -> e.getMessage();
                };
        return new UnwritableOutput("cannot write %s: %s".formatted(target, why), e);
    }

    /// The standard output.
    record Stdout(PrintWriter out) implements Output {
        @Override
        public void write(String text) {
            out.print(text);
            out.flush();
        }

        @Override
        public String name() {
            return "-";
        }
    }

    /// A device or a pipe, which cannot be replaced.
    record Special(String name, Path path) implements Output {
        @Override
        public void write(String text) {
            try {
                Files.writeString(path, text, WRITE);
            } catch (IOException e) {
                throw unwritable(name, e);
            }
        }
    }

    /// A regular file, replaced by renaming, so that a reader or a kill at any moment finds either
    /// the document before or the one after.
    record Whole(String name, Path path) implements Output {
        private static Whole probed(String name, Path path) throws IOException {
            var whole = new Whole(name, path);
            FileChannel.open(whole.draft(), CREATE, WRITE).close();
            Files.delete(whole.draft());
            return whole;
        }

        private Path draft() {
            return path.resolveSibling(
                    ".%s.%s.part".formatted(path.getFileName(), ProcessHandle.current().pid()));
        }

        @Override
        public void write(String text) {
            try {
                try (var channel = FileChannel.open(draft(), CREATE, TRUNCATE_EXISTING, WRITE)) {
                    var bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
                    while (bytes.hasRemaining()) channel.write(bytes);
                    channel.force(true);
                }
                Files.move(draft(), path, ATOMIC_MOVE);
            } catch (IOException e) {
                throw unwritable(name, e);
            }
        }
    }
}
