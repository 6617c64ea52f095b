package dev.ridgeline.shard;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/// Bytes of a file at any place of it, read in one of the ways there are. Any number of threads may
/// read at once.
public final class FileBytes implements AutoCloseable {
    /// Of blocks read past the page cache, at most: what a file system may ask for.
    public static final int MOST_ALIGNMENT = 1 << 16;

    /// By its name, because the compiler warns of every class of `com.sun`, and the JDK has no
    /// other way to O_DIRECT.
    private static final String OPTIONS = "com.sun.nio.file.ExtendedOpenOption";

    private final Path path;
    private final Access access;
    private final FileChannel channel;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment mapped;
    private final int alignment;

    private FileBytes(Path path, Access access, FileChannel channel) throws IOException {
        this.path = path;
        this.access = access;
        this.channel = channel;
        alignment =
                access == Access.DIRECT
                        ? Math.toIntExact(Files.getFileStore(path).getBlockSize())
                        : 1;
        if (alignment > MOST_ALIGNMENT)
            throw new InvalidCheckpoint(
                    "%s: its file system has blocks of %,d bytes, too large to be read directly",
                    path, alignment);
        mapped =
                access == Access.MAPPED
                        ? channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena)
                        : MemorySegment.NULL;
    }

    /// @throws InvalidCheckpoint if the file cannot be read, or not in this way
    public static FileBytes open(Path path, Access access) {
        SafetensorsFile.requireRegular(path);
        try {
            Set<OpenOption> options =
                    access == Access.DIRECT
                            ? Set.of(StandardOpenOption.READ, direct())
                            : Set.of(StandardOpenOption.READ);
            var channel = FileChannel.open(path, options);
            try {
                return new FileBytes(path, access, channel);
            } catch (IOException | RuntimeException | Error e) {
                channel.close();
                throw e;
            }
        } catch (IOException | UnsupportedOperationException e) {
            throw new InvalidCheckpoint(
                    "%s: cannot be read by %s: %s",
                    path,
                    access.label(),
                    e instanceof IOException io ? SafetensorsFile.reason(io) : e.getMessage());
        }
    }

    private static OpenOption direct() {
        try {
            return (OpenOption) Class.forName(OPTIONS).getField("DIRECT").get(OPTIONS);
        } catch (ReflectiveOperationException e) {
            throw new UnsupportedOperationException("this JDK has no such option", e);
        }
    }

    public Path path() {
        return path;
    }

    public Access access() {
        return access;
    }

    /// Bytes at whose multiples direct reads begin and end; 1 for the other ways.
    public int alignment() {
        return alignment;
    }

    /// Room that [#read] needs for `bytes` anywhere in the file.
    public long room(long bytes) {
        return access == Access.DIRECT ? bytes + 2L * alignment : bytes;
    }

    /// Reads bytes of the file.
    ///
    /// @param staging [#room] for them, native; for direct reads aligned to [#alignment]
    /// @return where in `staging` they are
    /// @throws InvalidCheckpoint if the file ends before them
    public MemorySegment read(long from, long bytes, MemorySegment staging) {
        try {
            return switch (access) {
                case BUFFERED -> {
                    fill(staging.asSlice(0, bytes), from, bytes);
                    yield staging.asSlice(0, bytes);
                }
                case MAPPED -> {
                    if (from + bytes > Math.min(mapped.byteSize(), channel.size()))
                        throw shorter(from + bytes);
                    MemorySegment.copy(mapped, from, staging, 0, bytes);
                    yield staging.asSlice(0, bytes);
                }
                case DIRECT -> {
                    long begin = from / alignment * alignment;
                    long end = Math.ceilDiv(from + bytes, alignment) * alignment;
                    fill(staging.asSlice(0, end - begin), begin, from + bytes - begin);
                    yield staging.asSlice(from - begin, bytes);
                }
            };
        } catch (IOException e) {
            throw new InvalidCheckpoint("%s: cannot be read: %s", path, SafetensorsFile.reason(e));
        }
    }

    /// Reads until at least `least` bytes are there: a direct read of the file's end is short.
    private void fill(MemorySegment to, long from, long least) throws IOException {
        for (long done = 0; done < least; ) {
            var buffer = to.asSlice(done, Math.min(to.byteSize() - done, 1 << 30)).asByteBuffer();
            int got = channel.read(buffer, from + done);
            if (got <= 0) throw shorter(from + least);
            done += got;
            // the rest of a short read begins where its last whole block did
            if (done < least) done -= done % alignment;
            if (got < alignment && done < least) throw shorter(from + least);
        }
    }

    private InvalidCheckpoint shorter(long wanted) {
        return new InvalidCheckpoint(
                "%s: became shorter while it was read, than the %,d bytes it had", path, wanted);
    }

    @Override
    public void close() {
        arena.close();
        try {
            channel.close();
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: cannot be closed: %s", path, SafetensorsFile.reason(e));
        }
    }
}
