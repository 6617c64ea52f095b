package dev.ridgeline.cli;

import java.util.concurrent.atomic.AtomicBoolean;

/// Ends a piece of work once: by itself, or because the process is told to end, by Ctrl-C or by
/// another signal. Then the JVM runs the ending beside the work, even in the middle of a kernel,
/// and exits with 128 and the signal's number: 130 for Ctrl-C.
final class Interruption implements AutoCloseable {
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Thread hook;

    /// @param ending what is done when the process is told to end
    Interruption(Runnable ending) {
        hook =
                new Thread(
                        () -> {
                            if (ended.compareAndSet(false, true)) ending.run();
                        },
                        "interruption");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /// Whether the end has come.
    boolean ended() {
        return ended.get();
    }

    /// The work is done; whoever calls first may end it.
    ///
    /// @return false if the process is being ended already
    boolean end() {
        return ended.compareAndSet(false, true);
    }

    @Override
    public void close() {
        // the JVM refuses to change its hooks once it has begun to run them
        if (end()) Runtime.getRuntime().removeShutdownHook(hook);
    }
}
