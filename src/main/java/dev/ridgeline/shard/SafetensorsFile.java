package dev.ridgeline.shard;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;

/// An open safetensors file whose header was checked.
public final class SafetensorsFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private final Header header;
    private final long bytes;
    private final Version version;

    /// What tells that a file is still the one that was opened.
    private record Version(long bytes, FileTime modified, Optional<Object> key) {
        static Version of(Path path) throws IOException {
            var now = Files.readAttributes(path, BasicFileAttributes.class);
            return new Version(
                    now.size(), now.lastModifiedTime(), Optional.ofNullable(now.fileKey()));
        }
    }

    private SafetensorsFile(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        this.version = Version.of(path);
        this.bytes = channel.size();
        var first = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        boolean whole = bytes < 8 || read(first, 0);
        var json = ByteBuffer.allocate(Header.length(path, bytes, first));
        if (!whole || !read(json, 8))
            throw new InvalidCheckpoint("%s: became shorter while its header was read", path);
        this.header = Header.parse(path, json.flip(), bytes);
    }

    /// @throws InvalidCheckpoint if it cannot be read, or its header is wrong
    public static SafetensorsFile open(Path path) {
        requireRegular(path);
        try {
            var channel = FileChannel.open(path, StandardOpenOption.READ);
            try {
                return new SafetensorsFile(path, channel);
            } catch (IOException | RuntimeException | Error e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new InvalidCheckpoint("%s: cannot be read: %s", path, reason(e));
        }
    }

    /// A pipe would never end, and a folder has no bytes.
    static void requireRegular(Path path) {
        if (Files.exists(path) && !Files.isRegularFile(path))
            throw new InvalidCheckpoint("%s: cannot be read: it is not a regular file", path);
    }

    static String reason(IOException e) {
        if (e instanceof NoSuchFileException) return "no such file";
        if (e instanceof FileSystemException f && f.getReason() != null) return f.getReason();
        return String.valueOf(e.getMessage());
    }

    public Path path() {
        return path;
    }

    /// Its length.
    public long bytes() {
        return bytes;
    }

    public Header header() {
        return header;
    }

    /// @throws InvalidCheckpoint if there is none of this name
    public StoredTensor tensor(String name) {
        var tensor = header.tensors().get(name);
        if (tensor == null) throw new InvalidCheckpoint("%s: has no tensor '%s'", path, name);
        return tensor;
    }

    /// Reads bytes of a tensor.
    ///
    /// @param from first byte, counted from the tensor's
    /// @param to as many bytes as are read
    /// @throws InvalidCheckpoint if the file has changed since it was opened
    public void read(StoredTensor tensor, long from, MemorySegment to) {
        try {
            for (long done = 0; done < to.byteSize(); ) {
                long part = Math.min(to.byteSize() - done, 1 << 30);
                var buffer = to.asSlice(done, part).asByteBuffer();
                if (!read(buffer, tensor.offset() + from + done))
                    throw new InvalidCheckpoint(
                            "%s: became shorter while tensor '%s' was read", path, tensor.name());
                done += part;
            }
            requireUnchanged("tensor '%s'".formatted(tensor.name()));
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: tensor '%s' cannot be read: %s", path, tensor.name(), reason(e));
        }
    }

    /// What was read of it, by whatever means, is what was there when it was opened.
    ///
    /// @throws InvalidCheckpoint if the file was written to, replaced or removed since
    public void requireUnchanged() {
        requireUnchanged("it");
    }

    private void requireUnchanged(String what) {
        try {
            if (!Version.of(path).equals(version))
                throw new InvalidCheckpoint("%s: was changed while %s was read", path, what);
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: was removed while %s was read: %s", path, what, reason(e));
        }
    }

    /// @return false if the file ends before
    private boolean read(ByteBuffer to, long at) throws IOException {
        while (to.hasRemaining()) {
            int got = channel.read(to, at);
            if (got < 0) return false;
            at += got;
        }
        return true;
    }

    /// The tensor's bytes as a view of the file, for as long as the arena lives. To read what is no
    /// longer in the file is an `InternalError` of the JVM; [#requireUnchanged] tells.
    public MemorySegment map(StoredTensor tensor, Arena arena) {
        try {
            return channel.map(
                    FileChannel.MapMode.READ_ONLY, tensor.offset(), tensor.bytes(), arena);
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: tensor '%s' cannot be mapped: %s", path, tensor.name(), reason(e));
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new InvalidCheckpoint("%s: cannot be closed: %s", path, reason(e));
        }
    }
}
