package dev.ridgeline.cuda;

import java.util.Locale;

/// One thing a bound op puts into a stream, with everything the driver asks for resolved at
/// binding.
sealed interface LaunchStep
        permits LaunchStep.None,
                LaunchStep.Kernel,
                LaunchStep.Graph,
                LaunchStep.Product,
                LaunchStep.Fill,
                ClusterLaunch {
    /// @return a `CUresult`
    int on(long stream);

    /// For the sentence of an error.
    String doing();

    /// Kernels that it starts.
    default int launches() {
        return 1;
    }

    /// The name of a code.
    default String error(int code) {
        return Driver.error(code);
    }

    /// What a stream that nothing was put into has.
    record None() implements LaunchStep {
        @Override
        public int on(long stream) {
            return 0;
        }

        @Override
        public int launches() {
            return 0;
        }

        @Override
        public String doing() {
            return "a copy or nothing";
        }
    }

    /// @param parameters address of the pointers to the arguments, in native memory that lives as
    ///   long as the binding
    record Kernel(
            String symbol, long function, Grid grid, int threads, int sharedBytes, long parameters)
            implements LaunchStep {
        @Override
        public int on(long stream) {
            return QueueCalls.LAUNCH.launch(
                    function,
                    grid.x(),
                    grid.y(),
                    grid.z(),
                    threads,
                    1,
                    1,
                    sharedBytes,
                    stream,
                    parameters,
                    0);
        }

        @Override
        public String doing() {
            return String.format(
                    Locale.ROOT,
                    "launching %s with %s blocks of %d threads and %,d bytes of shared memory",
                    symbol,
                    grid,
                    threads,
                    sharedBytes);
        }
    }

    /// A recorded sequence of `launches` launches.
    record Graph(long exec, int launches) implements LaunchStep {
        @Override
        public int on(long stream) {
            return QueueCalls.GRAPH.launch(exec, stream);
        }

        @Override
        public String doing() {
            return "launching a graph of %d launches".formatted(launches);
        }
    }

    /// A product by NVIDIA's library.
    record Product(CublasProduct product) implements LaunchStep {
        @Override
        public int on(long stream) {
            return product.on(stream);
        }

        @Override
        public String error(int code) {
            return CublasLt.status(code);
        }

        @Override
        public String doing() {
            return "launching a product of cuBLASLt";
        }
    }

    /// Sets every byte of a range.
    record Fill(long address, byte value, long bytes) implements LaunchStep {
        @Override
        public int on(long stream) {
            return QueueCalls.FILL.fill(address, value, bytes, stream);
        }

        @Override
        public String doing() {
            return String.format(Locale.ROOT, "filling %,d bytes with %d", bytes, value);
        }
    }
}
