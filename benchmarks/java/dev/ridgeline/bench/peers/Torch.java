package dev.ridgeline.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Op;
import dev.ridgeline.oracle.TorchEngine;
import dev.ridgeline.oracle.TorchScript;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/// A TorchScript function on an op's own memory, as a Java user runs PyTorch: through DJL, with
/// results in memory that PyTorch allocates unless the script says `out=`.
final class Torch implements Launch {
    private final Op op;
    private final NDManager manager;
    private final TorchScript script;
    private final NDList inputs;
    private NDList results = new NDList();

    /// @param body returns one tensor per tensor of `op.writes()`
    Torch(Op op, String body, List<Tensor> inputs, int threads) {
        this.op = op;
        this.manager = TorchEngine.manager(threads);
        this.script = TorchScript.of(manager, body);
        this.inputs = new NDList(inputs.stream().map(this::array).toList());
    }

    private NDArray array(Tensor t) {
        var shape = new Shape(t.shape().dims().stream().mapToLong(Integer::longValue).toArray());
        var memory = HostBuffer.segment(t);
        if (t.dtype() == DType.I32) return manager.create(indices(memory), shape);
        // a direct buffer is used in place
        return manager.create(
                memory.asByteBuffer().order(ByteOrder.nativeOrder()), shape, DataType.FLOAT32);
    }

    /// PyTorch's class indices, which are 64 bits wide and ignored where they are -100.
    private static long[] indices(MemorySegment memory) {
        return memory.elements(ValueLayout.JAVA_INT)
                .mapToInt(s -> s.get(ValueLayout.JAVA_INT, 0))
                .mapToLong(i -> i < 0 ? -100 : i)
                .toArray();
    }

    @Override
    public void on(Stream stream) {
        results.close();
        results = script.run(inputs, true);
    }

    /// Copies the last results to the op's outputs, where a verifier looks for them and where a
    /// timed loop must not pay for it.
    @Override
    public void close() {
        for (int i = 0; i < results.size(); i++) {
            var from = MemorySegment.ofBuffer(results.get(i).toByteBuffer());
            HostBuffer.segment(op.writes().get(i)).copyFrom(from);
        }
        results.close();
        inputs.close();
        script.close();
        manager.close();
    }
}
