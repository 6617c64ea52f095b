package dev.ridgeline.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// The calls that a training step makes hundreds of times, bound directly: JCuda would build the
/// block of parameters anew for each launch. All return a `CUresult`.
final class QueueCalls {
    /// `cuLaunchKernel`; `parameters` is the address of an array of pointers to the arguments.
    public interface Launch {
        int launch(
                long function,
                int gridX,
                int gridY,
                int gridZ,
                int blockX,
                int blockY,
                int blockZ,
                int sharedBytes,
                long stream,
                long parameters,
                long extra);
    }

    /// `cuLaunchKernelEx`, which takes what JCuda has no words for: clusters.
    public interface LaunchEx {
        int launch(MemorySegment config, long function, long parameters, long extra);
    }

    /// `cuMemsetD8Async`.
    public interface Fill {
        int fill(long address, byte value, long bytes, long stream);
    }

    /// `cuGraphLaunch`.
    public interface GraphLaunch {
        int launch(long exec, long stream);
    }

    static final GraphLaunch GRAPH = LibCuda.library().call("cuGraphLaunch", GraphLaunch.class);
    static final Launch LAUNCH = LibCuda.library().call("cuLaunchKernel", Launch.class);

    /// Empty in drivers before CUDA 11.8.
    static final Optional<LaunchEx> LAUNCH_EX =
            LibCuda.library().find("cuLaunchKernelEx", LaunchEx.class);

    static final Fill FILL = LibCuda.library().call("cuMemsetD8Async", Fill.class);

    private QueueCalls() {}
}
