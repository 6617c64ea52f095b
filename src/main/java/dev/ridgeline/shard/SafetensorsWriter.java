package dev.ridgeline.shard;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Writes a safetensors file: first what it will have, then the bytes in the same order.
public final class SafetensorsWriter implements AutoCloseable {
    private static final long MOST_AT_ONCE = 1 << 30;

    private final Path path;
    private final FileChannel channel;
    private final List<StoredTensor> tensors = new ArrayList<>();
    private int next;

    /// @param planned name, dtype and shape of each; their offsets and bytes are worked out here
    /// @throws InvalidCheckpoint if the file cannot be written
    public SafetensorsWriter(Path path, List<Planned> planned, Map<String, String> metadata) {
        this.path = path;
        try {
            channel =
                    FileChannel.open(
                            path,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING);
            write(header(planned, metadata));
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: cannot be written: %s", path, SafetensorsFile.reason(e));
        }
    }

    /// A tensor to come.
    ///
    /// @throws IllegalArgumentException if it is no whole number of bytes
    public record Planned(String name, StoredType type, List<Long> shape) {
        public Planned {
            if (name.equals(Header.METADATA))
                throw new IllegalArgumentException("no tensor may have the name " + name);
            if (bits(type, shape) % 8 != 0)
                throw new IllegalArgumentException(
                        "tensor '%s', %s %s, is no whole number of bytes"
                                .formatted(name, type, shape));
        }

        public long bytes() {
            return bits(type, shape) / 8;
        }

        private static long bits(StoredType type, List<Long> shape) {
            return Math.multiplyExact(
                    shape.stream().reduce(1L, Math::multiplyExact), (long) type.bits());
        }
    }

    private ByteBuffer header(List<Planned> planned, Map<String, String> metadata) {
        ObjectNode json = new ObjectMapper().createObjectNode();
        if (!metadata.isEmpty()) {
            var node = json.putObject(Header.METADATA);
            metadata.forEach(node::put);
        }
        long at = 0;
        for (var p : planned) {
            if (json.has(p.name()))
                throw new IllegalArgumentException("two tensors '%s'".formatted(p.name()));
            var node = json.putObject(p.name());
            node.put("dtype", p.type().name());
            var shape = node.putArray("shape");
            p.shape().forEach(shape::add);
            long bytes = p.bytes();
            node.putArray("data_offsets").add(at).add(at + bytes);
            tensors.add(new StoredTensor(p.name(), p.type(), p.shape(), at, bytes));
            at += bytes;
        }
        byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
        // blanks, so that the tensors begin at a multiple of 8 bytes
        int length = Math.ceilDiv(text.length, 8) * 8;
        if (length > Header.MOST_BYTES)
            throw new InvalidCheckpoint(
                    "%s: %,d tensors need a header of %,d bytes, the format allows %,d",
                    path, planned.size(), length, Header.MOST_BYTES);
        var header = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(length).put(text);
        while (header.hasRemaining()) header.put((byte) ' ');
        return header.flip();
    }

    /// Writes the bytes of the next tensor.
    public void put(String name, MemorySegment bytes) {
        put(name, List.of(bytes));
    }

    /// Writes the bytes of the next tensor, which come in pieces.
    public void put(String name, Iterable<MemorySegment> pieces) {
        var expected = tensors.get(next++);
        long left = expected.bytes();
        try {
            for (var piece : pieces) {
                left -= piece.byteSize();
                if (!expected.name().equals(name) || left < 0) break;
                for (long done = 0; done < piece.byteSize(); done += MOST_AT_ONCE) {
                    long part = Math.min(piece.byteSize() - done, MOST_AT_ONCE);
                    write(piece.asSlice(done, part).asByteBuffer());
                }
            }
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: tensor '%s' cannot be written: %s", path, name, SafetensorsFile.reason(e));
        }
        if (!expected.name().equals(name) || left != 0)
            throw new IllegalStateException("%s comes next, not %s".formatted(expected, name));
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) channel.write(bytes);
    }

    /// Everything is on the disk when this returns.
    public void finish() {
        if (next != tensors.size())
            throw new IllegalStateException(
                    "%d tensors are missing".formatted(tensors.size() - next));
        try {
            channel.force(true);
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: cannot be written: %s", path, SafetensorsFile.reason(e));
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: cannot be closed: %s", path, SafetensorsFile.reason(e));
        }
    }
}
