package dev.ridgeline.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.CheckpointWriter;
import dev.ridgeline.shard.SafetensorsFile;
import dev.ridgeline.shard.SafetensorsWriter.Planned;
import dev.ridgeline.shard.StoredType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Files of ours in PyTorch's tensors, and PyTorch's tensors in files that we read, by DJL's own
/// reader and writer of the format. They know nine of its dtypes; at a file with a bf16 tensor
/// DJL's engine (0.35.1, PyTorch 2.7.1) ends the process, so that dtype's bytes go to PyTorch by a
/// view.
class SafetensorsOracleTest {
    private static final Map<StoredType, DataType> TYPES =
            Map.of(
                    StoredType.F64, DataType.FLOAT64,
                    StoredType.F32, DataType.FLOAT32,
                    StoredType.F16, DataType.FLOAT16,
                    StoredType.I64, DataType.INT64,
                    StoredType.I32, DataType.INT32,
                    StoredType.I8, DataType.INT8,
                    StoredType.U8, DataType.UINT8,
                    StoredType.BOOL, DataType.BOOLEAN);

    private static final NDManager MANAGER = TorchEngine.manager(1);

    @TempDir Path folder;

    @Test
    void pytorch_reads_our_shards() throws IOException {
        var random = new Random(3);
        var planned =
                TYPES.keySet().stream()
                        .sorted()
                        .map(t -> new Planned("tensor of " + t, t, List.of(3L, 5L)))
                        .toList();
        var bytes = new HashMap<String, byte[]>();
        try (var writer = new CheckpointWriter(folder, planned, 200, Map.of("format", "pt"))) {
            for (var p : planned) {
                byte[] content = new byte[(int) p.bytes()];
                random.nextBytes(content);
                if (p.type() == StoredType.BOOL)
                    for (int i = 0; i < content.length; i++) content[i] &= 1;
                bytes.put(p.name(), content);
                writer.put(p.name(), MemorySegment.ofArray(content));
            }
            writer.finish();
        }
        int read = 0;
        try (var checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.files()).hasSizeGreaterThan(1);
            for (var file : checkpoint.files())
                try (var list = NDList.decode(MANAGER, Files.readAllBytes(file.path()))) {
                    for (NDArray array : list) {
                        var tensor = file.tensor(array.getName());
                        assertThat(array.getDataType()).isEqualTo(TYPES.get(tensor.type()));
                        assertThat(array.getShape()).isEqualTo(new Shape(3, 5));
                        assertThat(bytes(array))
                                .as(tensor.name())
                                .isEqualTo(bytes.get(tensor.name()));
                        read++;
                    }
                }
        }
        assertThat(read).isEqualTo(TYPES.size());
    }

    @Test
    void pytorch_reads_our_bf16() throws IOException {
        int count = 1 << 16;
        var content = ByteBuffer.allocate(2 * count).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) content.putShort((short) i);
        var all = new Planned("every bf16 number", StoredType.BF16, List.of(256L, 256L));
        try (var writer = new CheckpointWriter(folder, List.of(all), 1 << 20, Map.of())) {
            writer.put(all.name(), MemorySegment.ofArray(content.array()));
            writer.finish();
        }
        try (var checkpoint = Checkpoint.open(folder)) {
            var file = checkpoint.files().getFirst();
            long end = file.bytes() / 2;
            var body =
                    """
                    file = torch.from_file("%s", False, %d, dtype=15)
                    return [torch.to(torch.slice(file, 0, int(inputs[0])), 6)]
                    """
                            .formatted(file.path(), end);
            try (var script = TorchScript.of(MANAGER, body)) {
                float[] read =
                        script.run(new NDList(MANAGER.create(end - count)), true)
                                .getFirst()
                                .toFloatArray();
                for (int i = 0; i < count; i++)
                    assertThat(Float.floatToRawIntBits(read[i])).isEqualTo(i << 16);
            }
        }
    }

    private static byte[] bytes(NDArray array) {
        ByteBuffer buffer = array.toByteBuffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    @Test
    void we_read_what_pytorch_wrote() throws IOException {
        var file = folder.resolve("torch.safetensors");
        try (var list = new NDList()) {
            list.add(named("w", MANAGER.randomNormal(new Shape(4, 7))));
            list.add(
                    named(
                            "half",
                            MANAGER.randomNormal(new Shape(9)).toType(DataType.FLOAT16, true)));
            list.add(named("ids", MANAGER.arange(0, 11, 1, DataType.INT64)));
            Files.write(file, list.encode(NDList.Encoding.SAFETENSORS));
            try (var shard = SafetensorsFile.open(file);
                    var arena = Arena.ofConfined()) {
                assertThat(shard.header().tensors()).containsOnlyKeys("w", "half", "ids");
                for (NDArray array : list) {
                    var tensor = shard.tensor(array.getName());
                    assertThat(TYPES).containsEntry(tensor.type(), array.getDataType());
                    assertThat(tensor.shape().stream().mapToLong(d -> d).toArray())
                            .isEqualTo(array.getShape().getShape());
                    var to = arena.allocate(tensor.bytes());
                    shard.read(tensor, 0, to);
                    assertThat(to.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes(array));
                }
            }
        }
    }

    private static NDArray named(String name, NDArray array) {
        array.setName(name);
        return array;
    }
}
