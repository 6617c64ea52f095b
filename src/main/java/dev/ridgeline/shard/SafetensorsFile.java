package dev.ridgeline.shard;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// An open safetensors file whose header was checked.
public final class SafetensorsFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private final Header header;
    private final long bytes;

    private SafetensorsFile(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        this.bytes = channel.size();
        var first = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes >= 8) read(first, 0);
        var json = ByteBuffer.allocate(Header.length(path.toString(), bytes, first));
        read(json, 8);
        this.header = Header.parse(path.toString(), json.flip(), bytes);
    }

    /// @throws InvalidCheckpoint if it cannot be read, or its header is wrong
    public static SafetensorsFile open(Path path) {
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

    static String reason(IOException e) {
        if (e instanceof NoSuchFileException) return "no such file";
        if (e instanceof FileSystemException f && f.getReason() != null) return f.getReason();
        return String.valueOf(e.getMessage());
    }

    public Path path() {
        return path;
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
                read(buffer, tensor.offset() + from + done);
                done += part;
            }
            if (channel.size() != bytes)
                throw new InvalidCheckpoint(
                        "%s: changed its length while tensor '%s' was read", path, tensor.name());
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: tensor '%s' cannot be read: %s", path, tensor.name(), reason(e));
        }
    }

    private void read(ByteBuffer to, long at) throws IOException {
        while (to.hasRemaining()) {
            int got = channel.read(to, at);
            if (got < 0) throw new InvalidCheckpoint("%s: became shorter while it was read", path);
            at += got;
        }
    }

    /// The tensor's bytes as a view of the file, for as long as the arena lives.
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
