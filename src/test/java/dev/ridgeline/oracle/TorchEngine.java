package dev.ridgeline.oracle;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;

/// PyTorch in this process: one engine, offline, with its unpacked libraries beside the classes
/// under `target/` and nothing written to the home folder.
public final class TorchEngine {
    private static final String NAME = "PyTorch";
    private static final String THREADS = "ai.djl.pytorch.num_threads";

    private TorchEngine() {}

    /// Makes new arrays; owns the memory of those nobody else closes.
    ///
    /// @param threads that an operator may use; the first caller in a process decides
    /// @throws IllegalStateException if the engine already runs with another number of threads
    public static synchronized NDManager manager(int threads) {
        var decided = System.getProperty(THREADS);
        if (decided != null && Integer.parseInt(decided) != threads)
            throw new IllegalStateException(
                    "PyTorch already runs with %s threads in this process, not %d"
                            .formatted(decided, threads));
        System.setProperty(THREADS, String.valueOf(threads));
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        for (var folder : new String[] {"DJL_CACHE_DIR", "ENGINE_CACHE_DIR"})
            System.setProperty(folder, BuildFolder.of("djl").toString());
        Engine.getEngine(NAME);
        return NDManager.newBaseManager(Device.cpu(), NAME);
    }
}
