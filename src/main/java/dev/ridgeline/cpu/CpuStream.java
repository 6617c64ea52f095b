package dev.ridgeline.cpu;

import dev.ridgeline.device.Stream;

/// The caller's own thread: work is done when the launch returns.
final class CpuStream implements Stream {
    private record Instant(long nanos) implements Mark {}

    @Override
    public Mark mark() {
        return new Instant(System.nanoTime());
    }

    @Override
    public double seconds(Mark from, Mark to) {
        return (((Instant) to).nanos() - ((Instant) from).nanos()) * 1e-9;
    }

    @Override
    public void synchronize() {}

    @Override
    public void close() {}
}
