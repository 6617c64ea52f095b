package dev.ridgeline.cpu;

import dev.ridgeline.device.Stream;

/// The caller's own thread: work is done when the launch returns, and so is all before a mark.
final class CpuStream implements Stream {
    record Instant(long nanos) implements Mark {}

    @Override
    public Mark mark() {
        return new Instant(System.nanoTime());
    }

    @Override
    public double seconds(Mark from, Mark to) {
        return (nanos(to) - nanos(from)) * 1e-9;
    }

    /// When a mark of this stream or of a thread that copies was passed; waits for it.
    static long nanos(Mark mark) {
        return switch (mark) {
            case Instant instant -> instant.nanos;
            case CopyStream.Passing passing -> passing.await();
            default -> throw new IllegalArgumentException("a mark of another device");
        };
    }

    @Override
    public void await(Mark mark) {
        if (mark instanceof CopyStream.Passing copies) copies.await();
    }

    @Override
    public void synchronize() {}

    @Override
    public void close() {}
}
