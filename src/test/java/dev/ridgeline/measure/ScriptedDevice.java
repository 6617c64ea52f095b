package dev.ridgeline.measure;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.OutOfDeviceMemory;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Copy;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.HostBuffer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A small device in host memory whose kernels of `copy` a test writes, and whose clock runs as the
/// test says: a launch takes as long as its kernel claims.
final class ScriptedDevice implements Device {
    /// @param seconds that a launch is said to take
    record Script(String idea, double seconds, Optional<String> refusal, Consumer<Copy> work)
            implements Kernel<Copy> {
        static Script right(String idea, double seconds) {
            return new Script(idea, seconds, Optional.empty(), ScriptedDevice::copy);
        }

        @Override
        public KernelId id() {
            return new KernelId("copy", "test", idea);
        }

        @Override
        public Optional<String> refusal(Copy op) {
            return refusal;
        }

        @Override
        public Launch bind(Copy op) {
            return stream -> {
                work.accept(op);
                ((Clock) stream).seconds += seconds;
            };
        }
    }

    private record Instant(double seconds) implements Stream.Mark {}

    private static final class Clock implements Stream {
        double seconds;

        @Override
        public Mark mark() {
            return new Instant(seconds);
        }

        @Override
        public double seconds(Mark from, Mark to) {
            return ((Instant) to).seconds() - ((Instant) from).seconds();
        }

        @Override
        public void synchronize() {}

        @Override
        public void close() {}
    }

    private final long capacity;
    private final Clock clock = new Clock();
    private final List<Script> scripts = new ArrayList<>();
    private long allocated;

    ScriptedDevice(long capacity) {
        this.capacity = capacity;
    }

    /// What a right kernel does.
    static void copy(Copy op) {
        HostBuffer.segment(op.to()).copyFrom(HostBuffer.segment(op.from()));
    }

    Script add(Script script) {
        scripts.add(script);
        return script;
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public String description() {
        return "a scripted device";
    }

    @Override
    public long capacity() {
        return capacity;
    }

    @Override
    public long allocated() {
        return allocated;
    }

    @Override
    public long lastLevelCache() {
        return 1 << 10;
    }

    @Override
    public Buffer allocate(long bytes) {
        if (bytes > capacity - allocated)
            throw new OutOfDeviceMemory(name(), bytes, capacity - allocated, capacity);
        allocated += bytes;
        return HostBuffer.of(bytes, () -> allocated -= bytes);
    }

    @Override
    public Stream stream() {
        return clock;
    }

    @Override
    @SuppressWarnings("unchecked") // every script is a kernel of copy
    public <O extends Op> List<Kernel<O>> kernels(Class<O> op) {
        return op == Copy.class ? (List<Kernel<O>>) (List<?>) scripts : List.of();
    }

    @Override
    public void close() {}
}
