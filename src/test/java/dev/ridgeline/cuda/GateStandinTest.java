package dev.ridgeline.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.measure.workload.StreamWorkloads;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Launches that are held back, and a host that would wait for them for ever.
class GateStandinTest {
    private static final int MORE_THAN_A_STREAM_TAKES = 3000;

    @BeforeAll
    static void need_the_standin() {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
    }

    @Test
    void nothing_runs_before_the_gate_is_opened() {
        try (var device = CudaDevice.open(0, free -> free);
                var instance = StreamWorkloads.copy(100, 1).on(device);
                var launch = device.bind(instance.op())) {
            var stream = device.stream();
            for (int round = 0; round < 3; round++) {
                stream.hold();
                var from = stream.mark();
                launch.on(stream);
                var to = stream.mark();
                assertThat(device.driver().idle(stream.queue())).isFalse();
                stream.release();
                assertThat(stream.seconds(from, to)).isNotNegative();
            }
            assertThat(stream.notHeld()).isEmpty();
        }
    }

    @Test
    void it_opens_by_itself_before_the_stream_is_full() {
        try (var device = CudaDevice.open(0, free -> free);
                var instance = StreamWorkloads.copy(4, 1).on(device);
                var launch = device.bind(instance.op())) {
            var stream = device.stream();
            stream.hold();
            for (int i = 0; i < MORE_THAN_A_STREAM_TAKES; i++) launch.on(stream);
            stream.synchronize();
            assertThat(stream.notHeld()).isEmpty();
        }
    }

    @Test
    void a_launch_that_makes_the_host_wait_is_rescued() {
        try (var device = CudaDevice.open(0, free -> free)) {
            var stream = device.stream();
            var word = device.allocate(4);
            var step = new LaunchStep.Fill(word.address(), (byte) 0, 4);
            for (int time = 0; time < 3; time++) {
                stream.hold();
                for (int i = 0; i < MORE_THAN_A_STREAM_TAKES; i++)
                    device.driver().enqueue(step, stream.queue());
                stream.release();
            }
            stream.synchronize();
            assertThat(stream.notHeld()).contains("a launch behind the gate made the host wait");
            stream.hold();
            device.driver().enqueue(step, stream.queue());
            stream.synchronize();
            word.close();
        }
    }

    @Test
    void work_that_does_not_end_is_one_sentence() {
        assumeTrue(Cuda.devices() > 1, "needs STANDIN_DEVICES=2");
        System.setProperty(Patience.PROPERTY, "0");
        try (var device = CudaDevice.open(1, free -> free)) {
            var instance = StreamWorkloads.copy(100, 1).on(device);
            var launch = device.bind(instance.op());
            var stream = device.stream();
            stream.hold();
            launch.on(stream);
            assertThatThrownBy(stream::synchronize)
                    .isInstanceOf(CudaError.class)
                    .hasMessageStartingWith(
                            "cuda:1: no end in 0 s while waiting for the stream; the last was"
                                    + " launching copy_portable_vectorized_f32");
            assertThatThrownBy(() -> launch.on(stream))
                    .hasMessageStartingWith(
                            "cuda:1 takes no more work since it failed: cuda:1: no");
            launch.close();
            instance.close();
        } finally {
            System.clearProperty(Patience.PROPERTY);
        }
    }
}
