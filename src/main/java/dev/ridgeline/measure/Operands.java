package dev.ridgeline.measure;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.device.Device;
import dev.ridgeline.op.Op;
import dev.ridgeline.reference.Dense;
import dev.ridgeline.reference.Reference;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Float8;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.LongToDoubleFunction;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/// Makes the tensors of one workload and owns their memory.
///
/// Values come from a counter-based generator (SplitMix64's finaliser over seed, tensor number and
/// element number), so element i is the same bits on every device and in any order of filling.
public final class Operands implements AutoCloseable {
    /// Where a planned tensor would live: a size without memory.
    private record Planned(long bytes) implements Buffer {
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

    /// Writes the elements in `[from, to)`; the random bits of element i are `bits(key, i)`.
    @FunctionalInterface
    private interface Range {
        void set(MemorySegment memory, long from, long to, long key);
    }

    /// Writes element `i`, whose random bits are `bits`.
    @FunctionalInterface
    private interface Fill {
        void set(MemorySegment memory, long i, long bits);
    }

    /// Writes element `i`, rounding.
    @FunctionalInterface
    private interface Write {
        void set(MemorySegment memory, long i, double value);
    }

    /// Elements that one thread fills at a time.
    private static final long CHUNK = 1 << 16;

    private final LongFunction<Buffer> allocator;
    private final long seed;
    private final boolean filled;
    private final List<Buffer> buffers = new ArrayList<>();

    private Operands(LongFunction<Buffer> allocator, long seed, boolean filled) {
        this.allocator = allocator;
        this.seed = seed;
        this.filled = filled;
    }

    static Operands on(Device device, long seed) {
        return new Operands(device::allocate, seed, true);
    }

    static Operands onHost(long seed) {
        return new Operands(HostBuffer::of, seed, true);
    }

    static Operands planned() {
        return new Operands(Planned::new, 0, false);
    }

    /// Inputs uniform in `[low, high)`, rounded to `dtype`.
    public Tensor uniform(DType dtype, double low, double high, int... dims) {
        double step = (high - low) * 0x1p-24;
        // the loops are written out, because a call per element would take most of the time
        Range range =
                switch (dtype) {
                    case F32 ->
                            (memory, from, to, key) -> {
                                for (long i = from; i < to; i++)
                                    memory.setAtIndex(
                                            JAVA_FLOAT,
                                            i,
                                            (float) (low + step * (bits(key, i) >>> 40)));
                            };
                    case BF16 ->
                            (memory, from, to, key) -> {
                                for (long i = from; i < to; i++)
                                    memory.setAtIndex(
                                            JAVA_SHORT,
                                            i,
                                            DType.toBf16(
                                                    (float) (low + step * (bits(key, i) >>> 40))));
                            };
                    case F16, F8_E4M3, F8_E5M2 -> {
                        var write = write(dtype);
                        yield (memory, from, to, key) -> {
                            for (long i = from; i < to; i++)
                                write.set(memory, i, low + step * (bits(key, i) >>> 40));
                        };
                    }
                    case I32 -> throw new IllegalArgumentException("use integers for i32");
                };
        return tensor(dtype, dims, range);
    }

    /// Inputs uniform in [-1, 1).
    public Tensor uniform(DType dtype, int... dims) {
        return uniform(dtype, -1, 1, dims);
    }

    /// Integers uniform in `[low, high)`.
    public Tensor integers(int low, int high, int... dims) {
        return tensor(
                DType.I32,
                dims,
                (s, i, r) ->
                        s.setAtIndex(JAVA_INT, i, low + (int) ((r >>> 33) % ((long) high - low))));
    }

    /// These f32 values.
    public Tensor values(float... values) {
        return tensor(
                DType.F32,
                new int[] {values.length},
                (s, i, r) -> s.setAtIndex(JAVA_FLOAT, i, values[(int) i]));
    }

    /// Inputs of which `element` tells the one at each place, row-major.
    public Tensor computed(DType dtype, LongToDoubleFunction element, int... dims) {
        var write = write(dtype);
        return tensor(dtype, dims, (s, i, r) -> write.set(s, i, element.applyAsDouble(i)));
    }

    private static Write write(DType dtype) {
        return switch (dtype) {
            case F32 -> (s, i, x) -> s.setAtIndex(JAVA_FLOAT, i, (float) x);
            case BF16 -> (s, i, x) -> s.setAtIndex(JAVA_SHORT, i, DType.toBf16((float) x));
            case F16 -> (s, i, x) -> s.setAtIndex(JAVA_SHORT, i, Float.floatToFloat16((float) x));
            case F8_E4M3 -> (s, i, x) -> s.set(JAVA_BYTE, i, Float8.E4M3.round((float) x));
            case F8_E5M2 -> (s, i, x) -> s.set(JAVA_BYTE, i, Float8.E5M2.round((float) x));
            case I32 -> (s, i, x) -> s.setAtIndex(JAVA_INT, i, (int) x);
        };
    }

    /// Inputs that are what another op writes, such as what a forward pass leaves for its backward:
    /// dense tensors of the shapes of `op.writes()` with what the reference says. Costs as much as
    /// the reference.
    ///
    /// @param make of the op; it gets operands of the same seed, so that asking for the same
    ///   tensors in the same order gives the same values
    public List<Tensor> resultsOf(Function<Operands, ? extends Op> make) {
        try (var host = filled ? onHost(seed) : planned()) {
            var op = make.apply(host);
            var values = filled ? Reference.expected(op) : List.<double[]>of();
            var results = new ArrayList<Tensor>();
            for (int t = 0; t < op.writes().size(); t++) {
                var like = op.writes().get(t);
                double[] elements = filled ? values.get(t) : new double[0];
                int[] dims = like.shape().dims().stream().mapToInt(d -> d).toArray();
                results.add(computed(like.dtype(), i -> elements[(int) i], dims));
            }
            return results;
        }
    }

    /// Inputs that follow from earlier ones, such as the statistics a backward op reads: row-major
    /// values, rounded to `dtype`.
    ///
    /// @param values not asked for where nothing is filled, so it may [#read] those earlier tensors
    public Tensor derived(DType dtype, Supplier<double[]> values, int... dims) {
        double[] of = filled ? values.get() : new double[0];
        return computed(dtype, i -> of[(int) i], dims);
    }

    /// The elements of a tensor, wherever it lives, row-major without gaps.
    public static double[] read(Tensor t) {
        if (t.buffer() instanceof HostBuffer) return Dense.read(t);
        try (var host = HostBuffer.of(t.buffer().bytes())) {
            t.buffer().download(host.segment());
            return Dense.read(t, host.segment());
        }
    }

    /// An output, filled with NaN so that an element nobody wrote is seen: bits that are all ones
    /// are a NaN in every floating-point type.
    public Tensor output(DType dtype, int... dims) {
        Range range =
                (memory, from, to, _) ->
                        memory.asSlice(from * dtype.bytes(), (to - from) * dtype.bytes())
                                .fill((byte) -1);
        return tensor(dtype, dims, range);
    }

    private Tensor tensor(DType dtype, int[] dims, Fill fill) {
        Range range =
                (memory, from, to, key) -> {
                    for (long i = from; i < to; i++) fill.set(memory, i, bits(key, i));
                };
        return tensor(dtype, dims, range);
    }

    private Tensor tensor(DType dtype, int[] dims, Range range) {
        var shape = Shape.of(dims);
        long key = mix(seed * 0x9e3779b97f4a7c15L + buffers.size());
        var buffer = allocator.apply(Math.multiplyExact(shape.count(), dtype.bytes()));
        buffers.add(buffer);
        if (buffer instanceof HostBuffer host) {
            fill(host.segment(), shape.count(), key, range);
        } else if (filled) {
            try (var staging = HostBuffer.of(buffer.bytes())) {
                fill(staging.segment(), shape.count(), key, range);
                buffer.upload(staging.segment());
            }
        }
        return new Tensor(dtype, shape, buffer);
    }

    /// In parallel, which changes no bit: an element depends on nothing but its number.
    private static void fill(MemorySegment memory, long count, long key, Range range) {
        LongStream.range(0, Math.ceilDiv(count, CHUNK))
                .parallel()
                .forEach(c -> range.set(memory, c * CHUNK, Math.min(count, (c + 1) * CHUNK), key));
    }

    private static long bits(long key, long i) {
        return mix(key + i * 0x9e3779b97f4a7c15L);
    }

    /// SplitMix64's finaliser (Steele, Lea and Flood 2014; constants of Stafford's variant 13).
    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    /// Bytes of everything made so far.
    public long bytes() {
        return buffers.stream().mapToLong(Buffer::bytes).reduce(0, Math::addExact);
    }

    @Override
    public void close() {
        buffers.forEach(Buffer::close);
    }
}
