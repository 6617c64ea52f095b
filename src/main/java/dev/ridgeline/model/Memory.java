package dev.ridgeline.model;

import dev.ridgeline.device.Device;
import dev.ridgeline.op.Zero;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// Hands out the tensors of a training step, each from the region it belongs to; a region is one
/// buffer of the device.
///
/// The same code asks twice for the same tensors in the same order: first a plan, which only
/// counts, then a device, whose regions are allocated with the sizes of the plan. So the plan is
/// what is allocated, to the byte.
public final class Memory implements AutoCloseable {
    /// Bytes at which tensors begin.
    private static final int ALIGNMENT = 256;

    /// Bytes that are cleared at once.
    private static final long CLEARED = 1L << 30;

    /// What memory is used for.
    public enum Kind {
        WEIGHTS("weights"),
        COPIES("bf16 copies of the weights"),
        GRADIENTS("gradients"),
        FIRST_MOMENTS("first moments"),
        SECOND_MOMENTS("second moments"),
        ACTIVATIONS("activations"),
        WORKSPACE("workspace"),
        STATE("inputs, results and constants"),
        SCRATCH("scratch of the kernels");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        public String label() {
            return label;
        }
    }

    /// @param owner `layer 3`, `backward`
    public record Region(Kind kind, String owner) {}

    /// A size without memory, which grows as tensors are asked for.
    private static final class Planned implements Buffer {
        @Override
        public long bytes() {
            return Long.MAX_VALUE;
        }

        @Override
        public void upload(MemorySegment host) {
            throw new IllegalStateException("a planned tensor has no memory");
        }

        @Override
        public void download(MemorySegment host) {
            throw new IllegalStateException("a planned tensor has no memory");
        }

        @Override
        public void close() {}
    }

    private final Map<Region, Buffer> buffers = new LinkedHashMap<>();
    private final Map<Region, Long> used = new LinkedHashMap<>();
    private final Map<Buffer, Region> homes = new IdentityHashMap<>();
    private final boolean planned;

    private Memory(boolean planned) {
        this.planned = planned;
    }

    /// Counts, and allocates nothing.
    public static Memory planned() {
        return new Memory(true);
    }

    /// The regions of `plan`, whatever is in them.
    ///
    /// @throws dev.ridgeline.device.OutOfDeviceMemory if they do not fit; nothing stays allocated
    public static Memory on(Device device, Map<Region, Long> plan) {
        return on(device, plan, _ -> true);
    }

    /// The regions of `plan`, of which only those that are `here` have memory; the others are
    /// planned, and [#region] tells them apart.
    public static Memory on(Device device, Map<Region, Long> plan, Predicate<Region> here) {
        var memory = new Memory(false);
        try {
            plan.forEach(
                    (region, bytes) -> {
                        boolean real = here.test(region);
                        var buffer = real ? device.allocate(bytes) : new Planned();
                        memory.buffers.put(region, buffer);
                        memory.used.put(region, 0L);
                        if (real) clear(device, buffer);
                        else memory.homes.put(buffer, region);
                    });
            return memory;
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    /// A device hands out memory with what was there before.
    private static void clear(Device device, Buffer buffer) {
        int each = DType.BF16.bytes();
        for (long at = 0; at < buffer.bytes(); at += CLEARED) {
            int count = (int) (Math.min(CLEARED, buffer.bytes() - at) / each);
            var part = new Tensor(DType.BF16, Shape.of(count), buffer, at / each);
            try (var zero = device.bind(new Zero(part))) {
                zero.on(device.stream());
                device.stream().synchronize();
            }
        }
    }

    /// The next tensor of a region.
    public Tensor tensor(Kind kind, String owner, DType dtype, int... dims) {
        return tensor(kind, owner, dtype, Shape.of(dims));
    }

    public Tensor tensor(Kind kind, String owner, DType dtype, Shape shape) {
        var region = new Region(kind, owner);
        var buffer = home(region);
        long at = Math.ceilDiv(used.get(region), ALIGNMENT) * ALIGNMENT;
        long bytes = Math.multiplyExact(shape.count(), dtype.bytes());
        used.put(region, Math.addExact(at, bytes));
        return new Tensor(dtype, shape, buffer, at / dtype.bytes());
    }

    private Buffer home(Region region) {
        if (planned) {
            used.putIfAbsent(region, 0L);
            var buffer = buffers.computeIfAbsent(region, _ -> new Planned());
            homes.put(buffer, region);
            return buffer;
        }
        var buffer = buffers.get(region);
        if (buffer == null) throw new IllegalStateException("not in the plan: " + region);
        return buffer;
    }

    /// The region that `buffer` stands for; empty if it has memory.
    public Optional<Region> region(Buffer buffer) {
        return Optional.ofNullable(homes.get(buffer));
    }

    /// The buffer of a region that has been asked for.
    public Buffer buffer(Region region) {
        return Optional.ofNullable(buffers.get(region)).orElseThrow();
    }

    /// Bytes of each region, in the order they were first asked for.
    public Map<Region, Long> regions() {
        return new LinkedHashMap<>(used);
    }

    @Override
    public void close() {
        buffers.values().forEach(Buffer::close);
    }
}
