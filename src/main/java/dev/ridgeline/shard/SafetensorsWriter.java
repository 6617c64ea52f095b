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
    public record Planned(String name, StoredType type, List<Long> shape) {}

    private ByteBuffer header(List<Planned> planned, Map<String, String> metadata) {
        ObjectNode json = new ObjectMapper().createObjectNode();
        if (!metadata.isEmpty()) {
            var node = json.putObject("__metadata__");
            metadata.forEach(node::put);
        }
        long at = 0;
        for (var p : planned) {
            var node = json.putObject(p.name());
            node.put("dtype", p.type().name());
            var shape = node.putArray("shape");
            p.shape().forEach(shape::add);
            long count = p.shape().stream().reduce(1L, Math::multiplyExact);
            long bytes = Math.multiplyExact(count, (long) p.type().bits()) / 8;
            node.putArray("data_offsets").add(at).add(at + bytes);
            tensors.add(new StoredTensor(p.name(), p.type(), p.shape(), at, bytes));
            at += bytes;
        }
        byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
        // blanks, so that the tensors begin at a multiple of 8 bytes
        int length = Math.ceilDiv(text.length, 8) * 8;
        var header = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(length).put(text);
        while (header.hasRemaining()) header.put((byte) ' ');
        return header.flip();
    }

    /// Writes the bytes of the next tensor.
    public void put(String name, MemorySegment bytes) {
        var expected = tensors.get(next++);
        if (!expected.name().equals(name) || expected.bytes() != bytes.byteSize())
            throw new IllegalStateException("%s comes next, not %s".formatted(expected, name));
        try {
            for (long done = 0; done < bytes.byteSize(); ) {
                long part = Math.min(bytes.byteSize() - done, 1 << 30);
                write(bytes.asSlice(done, part).asByteBuffer());
                done += part;
            }
        } catch (IOException e) {
            throw new InvalidCheckpoint(
                    "%s: tensor '%s' cannot be written: %s", path, name, SafetensorsFile.reason(e));
        }
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
