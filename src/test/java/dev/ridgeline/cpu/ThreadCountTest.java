package dev.ridgeline.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.Probes;
import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.Add;
import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.ClipScale;
import dev.ridgeline.op.Combine;
import dev.ridgeline.op.CombineBackward;
import dev.ridgeline.op.Copy;
import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Rope;
import dev.ridgeline.op.Router;
import dev.ridgeline.op.RouterBackward;
import dev.ridgeline.op.Scale;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.op.Triad;
import dev.ridgeline.op.Zero;
import dev.ridgeline.tensor.HostBuffer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// What a kernel writes is the same, bit for bit, with one, two and three threads.
class ThreadCountTest {
    private static final List<Device> DEVICES =
            Stream.of(1, 2, 3)
                    .<Device>map(threads -> new CpuDevice("cpu", threads, 1L << 30))
                    .toList();

    private static final Set<Class<? extends Op>> OPS =
            Set.of(
                    Add.class,
                    AdamW.class,
                    BiasGradient.class,
                    ClipScale.class,
                    Combine.class,
                    CombineBackward.class,
                    Copy.class,
                    Embedding.class,
                    EmbeddingBackward.class,
                    FmaLoop.class,
                    Gelu.class,
                    GeluBackward.class,
                    GroupedGemm.class,
                    Rope.class,
                    Router.class,
                    RouterBackward.class,
                    Scale.class,
                    SquaredNorm.class,
                    SwiGlu.class,
                    SwiGluBackward.class,
                    Triad.class,
                    Zero.class);

    @AfterAll
    static void close() {
        DEVICES.forEach(Device::close);
    }

    @TestFactory
    Stream<DynamicTest> every_thread_count_gives_the_same_bits() {
        return Probes.all().stream()
                .filter(workload -> OPS.contains(workload.type()))
                .flatMap(ThreadCountTest::cases);
    }

    private static <O extends Op> Stream<DynamicTest> cases(Workload<O> workload) {
        return DEVICES.getFirst().kernels(workload.type()).stream()
                .filter(kernel -> kernel.refusal(workload.planned()).isEmpty())
                .map(Kernel::id)
                .map(
                        id ->
                                DynamicTest.dynamicTest(
                                        id + " on " + workload.name(),
                                        () -> {
                                            var runs =
                                                    DEVICES.stream()
                                                            .map(
                                                                    d ->
                                                                            run(
                                                                                    id.toString(),
                                                                                    workload,
                                                                                    d))
                                                            .toList();
                                            assertThat(runs.get(1)).isEqualTo(runs.get(0));
                                            assertThat(runs.get(2)).isEqualTo(runs.get(0));
                                        }));
    }

    /// All bytes of all written buffers.
    private static <O extends Op> List<ByteBuffer> run(
            String id, Workload<O> workload, Device device) {
        var kernel =
                device.kernels(workload.type()).stream()
                        .filter(k -> k.id().toString().equals(id))
                        .findFirst()
                        .orElseThrow();
        try (var instance = workload.on(device);
                var launch = kernel.bind(instance.op())) {
            launch.on(device.stream());
            return instance.op().writes().stream()
                    .map(t -> HostBuffer.segment(t).toArray(ValueLayout.JAVA_BYTE))
                    .map(ByteBuffer::wrap)
                    .toList();
        }
    }
}
