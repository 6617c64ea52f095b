package dev.ridgeline.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.device.Replay;
import dev.ridgeline.op.Copy;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Scale;
import dev.ridgeline.op.Triad;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// A list of ops replayed as a graph.
class GraphStandinTest extends OnStandin {
    private static final int N = 1000;

    private final List<Buffer> buffers = new ArrayList<>();

    @Test
    void gives_the_same_bits_as_the_launches_one_by_one() {
        var one = tensors();
        for (int step = 0; step < 3; step++)
            for (var op : step(one))
                try (var launch = device.bind(op)) {
                    launch.on(device.stream());
                    device.stream().synchronize();
                }
        var other = tensors();
        try (var replay = new Replay(device, step(other))) {
            for (int step = 0; step < 3; step++) replay.on(device.stream());
            device.stream().synchronize();
        }
        assertThat(read(other.getLast())).isEqualTo(read(one.getLast()));
        buffers.forEach(Buffer::close);
        assertThat(device.allocated()).isZero();
    }

    @Test
    void runs_nothing_while_it_is_recorded() {
        var tensors = tensors();
        var before = read(tensors.getLast());
        try (var _ = new Replay(device, step(tensors))) {
            device.stream().synchronize();
            assertThat(read(tensors.getLast())).isEqualTo(before);
        }
        buffers.forEach(Buffer::close);
    }

    @Test
    void belongs_to_its_device() {
        assumeTrue(Cuda.devices() > 1, "needs STANDIN_DEVICES=2");
        try (var replay = new Replay(device, step(tensors()));
                var other = CudaDevice.open(1, free -> free)) {
            assertThatThrownBy(() -> replay.on(other.stream()))
                    .hasMessageContaining("cuda:0 was launched on a stream of another device");
        }
        buffers.forEach(Buffer::close);
    }

    /// Three vectors whose values change from step to step: b = 3 a, c = b + 0.5 a, a = c.
    private static List<Op> step(List<Tensor> t) {
        return List.of(
                new Scale(t.get(0), t.get(1), 3),
                new Triad(t.get(1), t.get(0), t.get(2), 0.5f),
                new Copy(t.get(2), t.get(0)));
    }

    private List<Tensor> tensors() {
        var tensors = new ArrayList<Tensor>();
        for (int i = 0; i < 3; i++) {
            var tensor = new Tensor(DType.F32, Shape.of(N), device.allocate(4L * N));
            buffers.add(tensor.buffer());
            try (var arena = Arena.ofConfined()) {
                var host = arena.allocate(4L * N);
                for (int e = 0; e < N; e++)
                    host.setAtIndex(ValueLayout.JAVA_FLOAT, e, 1 + 1e-3f * e * (i + 1));
                tensor.buffer().upload(host);
            }
            tensors.add(tensor);
        }
        return tensors;
    }

    private static float[] read(Tensor t) {
        try (var arena = Arena.ofConfined()) {
            var host = arena.allocate(4L * N);
            t.buffer().download(host);
            return host.toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
