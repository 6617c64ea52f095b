package dev.ridgeline.cuda;

import static dev.ridgeline.cuda.Grid.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ridgeline.device.KernelId;
import dev.ridgeline.tensor.HostBuffer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.ValueLayout;

/// Launches with clusters, as far as a driver of sm_80 takes them; the stand-in's own test has the
/// rest.
class ClusterLaunchStandinTest {
    private static final int COUNT = 1000;

    private CudaDevice device;

    @BeforeEach
    void open() {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
        device = CudaDevice.open(0, free -> free);
    }

    @AfterEach
    void close() {
        if (device != null) device.close();
    }

    private void copy(CudaBuffer from, CudaBuffer to, Grid cluster) {
        var plan = new LaunchPlan(device, new KernelId("copy", "portable", "plain"));
        plan.launchClusters("f32", grid(4), cluster, 256, 0, from, to, (long) COUNT);
        try (var launch = plan.launch()) {
            launch.on(device.stream());
            device.stream().synchronize();
        }
    }

    @Test
    void a_cluster_of_one_block_is_a_launch_like_any_other() {
        try (var from = device.allocate(4 * COUNT);
                var to = device.allocate(4 * COUNT);
                var host = HostBuffer.of(4 * COUNT)) {
            for (int i = 0; i < COUNT; i++) host.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
            from.upload(host.segment());
            copy(from, to, grid(1));
            host.segment().fill((byte) 0);
            to.download(host.segment());
            for (int i = 0; i < COUNT; i++)
                assertThat(host.segment().getAtIndex(ValueLayout.JAVA_FLOAT, i)).isEqualTo(i);
        }
    }

    @Test
    void a_device_without_clusters_says_so() {
        try (var buffer = device.allocate(4 * COUNT)) {
            assertThatThrownBy(() -> copy(buffer, buffer, grid(2)))
                    .isInstanceOf(CudaError.class)
                    .hasMessageContainingAll(
                            "CUDA_ERROR_NOT_SUPPORTED while launching copy_portable_plain_f32",
                            "in clusters of 2 x 1 x 1",
                            "clusters need sm_90 or newer");
        }
    }
}
