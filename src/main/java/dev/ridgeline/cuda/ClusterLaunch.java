package dev.ridgeline.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A launch whose blocks come in clusters: those of one run at the same time on neighbouring
/// multiprocessors, and can wait for each other. From sm_90 on.
final class ClusterLaunch implements LaunchStep {
    /// `CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION`.
    private static final int CLUSTER_DIMENSION = 4;

    /// `CUlaunchAttribute`: its id, and from byte 8 on 64 bytes of value.
    private static final int ATTRIBUTE_BYTES = 72;

    private static final int VALUE_OFFSET = 8;

    /// `CUlaunchConfig`: grid, block and shared bytes, a stream, attributes and their count.
    private static final int CONFIG_BYTES = 56;

    private static final int STREAM_OFFSET = 32;
    private static final int ATTRIBUTES_OFFSET = 40;
    private static final int COUNT_OFFSET = 48;

    private final Kernel launch;
    private final Grid cluster;
    private final QueueCalls.LaunchEx call;
    private final MemorySegment config;

    /// @param arena that lives as long as the binding
    ClusterLaunch(Kernel launch, Grid cluster, Arena arena) {
        this.launch = launch;
        this.cluster = cluster;
        call =
                QueueCalls.LAUNCH_EX.orElseThrow(
                        () -> new IllegalStateException("the driver has no cuLaunchKernelEx"));
        var attribute = arena.allocate(ATTRIBUTE_BYTES, 8);
        attribute.set(JAVA_INT, 0, CLUSTER_DIMENSION);
        ints(attribute.asSlice(VALUE_OFFSET), cluster.x(), cluster.y(), cluster.z());
        config = arena.allocate(CONFIG_BYTES, 8);
        var grid = launch.grid();
        ints(config, grid.x(), grid.y(), grid.z(), launch.threads(), 1, 1, launch.sharedBytes());
        config.set(ADDRESS, ATTRIBUTES_OFFSET, attribute);
        config.set(JAVA_INT, COUNT_OFFSET, 1);
    }

    private static void ints(MemorySegment to, int... values) {
        MemorySegment.copy(values, 0, to, JAVA_INT, 0, values.length);
    }

    @Override
    public int on(long stream) {
        config.set(JAVA_LONG, STREAM_OFFSET, stream);
        return call.launch(config, launch.function(), launch.parameters(), 0);
    }

    @Override
    public String doing() {
        return "%s, in clusters of %s".formatted(launch.doing(), cluster);
    }
}
