package dev.ridgeline.cuda;

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
    static final Fill FILL = LibCuda.library().call("cuMemsetD8Async", Fill.class);

    private QueueCalls() {}
}
