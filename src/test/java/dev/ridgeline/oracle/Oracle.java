package dev.ridgeline.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Op;
import dev.ridgeline.reference.Dense;
import dev.ridgeline.reference.Reference;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/// Compares a scalar reference with PyTorch, both in double on the same input bits.
final class Oracle {
    /// What two correct computations in double may differ by, on sums as short as the tests'.
    static final double DOUBLE = 1e-11;

    /// The same where the op reads values that its forward pass had rounded to f32.
    static final double SAVED_AS_F32 = 0x1p-20;

    private static final NDManager MANAGER = TorchEngine.manager(1);

    private Oracle() {}

    /// Fails unless `Reference.expected(op)` is what `script` returns, tensor by tensor and element
    /// by element, within `tolerance` of the element or of 1, whichever is larger.
    ///
    /// @param inputs of the script, in the order it unpacks them
    static <O extends Op> void agree(
            Class<O> type,
            Function<Operands, O> make,
            String script,
            Function<O, List<Tensor>> inputs,
            double tolerance) {
        var workload = new Workload<>(type, "", Map.of(), DType.F32, 42, make);
        try (var instance = workload.onHost()) {
            var op = instance.op();
            var ours = Reference.expected(op);
            var torch = run(script, inputs.apply(op));
            assertThat(torch).as("results of the script").hasSameSizeAs(op.writes());
            for (int i = 0; i < ours.size(); i++)
                assertClose(op.name() + " output " + i, ours.get(i), torch.get(i), tolerance);
        }
    }

    static void assertClose(String what, double[] ours, double[] torch, double tolerance) {
        assertThat(ours).as(what).hasSameSizeAs(torch);
        var far =
                IntStream.range(0, ours.length)
                        .filter(
                                i ->
                                        !(Math.abs(ours[i] - torch[i])
                                                <= tolerance * Math.max(1, Math.abs(torch[i]))))
                        .mapToObj(i -> "[%d] %s, PyTorch %s".formatted(i, ours[i], torch[i]))
                        .toList();
        assertThat(far).as(what + ": elements that differ").isEmpty();
    }

    /// Runs a script on tensors in host memory: reals as double, integers as int64.
    static List<double[]> run(String body, List<Tensor> inputs) {
        try (var script = TorchScript.of(MANAGER, body);
                var arrays = new NDList(inputs.stream().map(Oracle::array).toList());
                var results = script.run(arrays, false)) {
            return results.stream().map(NDArray::toDoubleArray).toList();
        }
    }

    private static NDArray array(Tensor t) {
        var shape = new Shape(t.shape().dims().stream().mapToLong(Integer::longValue).toArray());
        double[] values = Dense.read(t);
        return t.dtype() == DType.I32
                ? MANAGER.create(Arrays.stream(values).mapToLong(v -> (long) v).toArray(), shape)
                : MANAGER.create(values, shape);
    }

    /// Leaves in the f32 outputs of a forward op what its reference says, rounded, for a backward
    /// op to read.
    static <O extends Op> O computed(O op) {
        computed(op, op.writes().toArray(Tensor[]::new));
        return op;
    }

    /// The same for some of its outputs.
    static void computed(Op op, Tensor... kept) {
        var results = Reference.expected(op);
        for (var t : kept) store(results.get(op.writes().indexOf(t)), t);
    }

    /// Writes `values` to a contiguous f32 tensor in host memory.
    static void store(double[] values, Tensor t) {
        var memory = HostBuffer.segment(t);
        for (int i = 0; i < values.length; i++)
            memory.setAtIndex(JAVA_FLOAT, t.offset() + i, (float) values[i]);
    }
}
