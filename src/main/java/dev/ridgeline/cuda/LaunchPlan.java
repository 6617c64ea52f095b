package dev.ridgeline.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Occupancy;
import dev.ridgeline.device.Stream;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What a kernel's table row says to do for one op: launches in order, and memory they need. It
/// becomes a [Launch] whose arguments are packed once.
final class LaunchPlan {
    /// Shared memory that a block gets without asking, on every device.
    private static final int USUAL_SHARED_BYTES = 48 << 10;

    private final CudaDevice device;
    private final KernelId id;
    private final boolean counting;
    private final Arena arena = Arena.ofShared();
    private final List<LaunchStep> steps = new ArrayList<>();
    private final List<CudaBuffer> scratch = new ArrayList<>();
    private final List<CublasProduct> products = new ArrayList<>();

    /// By what it depends on; asked for once the op was launched, and not at every binding.
    private final Map<List<Object>, Supplier<Optional<Occupancy>>> occupancy =
            new LinkedHashMap<>();

    private long counted;

    LaunchPlan(CudaDevice device, KernelId id) {
        this(device, id, false);
    }

    private LaunchPlan(CudaDevice device, KernelId id, boolean counting) {
        this.device = device;
        this.id = id;
        this.counting = counting;
    }

    /// A plan that takes note of the scratch it is asked for and of nothing else: it allocates
    /// nothing, and tensors need no memory.
    static LaunchPlan counting(CudaDevice device, KernelId id) {
        return new LaunchPlan(device, id, true);
    }

    /// Bytes that were asked for.
    long counted() {
        return counted;
    }

    /// Adds a launch of entry point `<op>_<arch>_<idea>_<what>`.
    ///
    /// @param what `bf16`, `delta_bf16`
    /// @param threads of a block, at most 1024
    /// @param sharedBytes of dynamic shared memory per block
    /// @param arguments in the order of the kernel's parameters: a [Tensor] or [CudaBuffer] for a
    ///   pointer, [Integer] for an `int`, [Long] for a `long long`, [Float] for a `float`, a
    ///   [TensorMap] for a `CUtensorMap`
    void launch(String what, Grid grid, int threads, int sharedBytes, Object... arguments) {
        if (!counting) steps.add(kernel(what, grid, threads, sharedBytes, arguments));
    }

    /// The same with blocks in clusters, whose dimensions divide those of the grid.
    void launchClusters(
            String what,
            Grid grid,
            Grid cluster,
            int threads,
            int sharedBytes,
            Object... arguments) {
        if (counting) return;
        var kernel = kernel(what, grid, threads, sharedBytes, arguments);
        steps.add(new ClusterLaunch(kernel, cluster, arena));
    }

    private LaunchStep.Kernel kernel(
            String what, Grid grid, int threads, int sharedBytes, Object... arguments) {
        var symbol = symbol(what);
        var modules = device.driver().modules();
        var function = device.images().function(id, symbol);
        if (sharedBytes > USUAL_SHARED_BYTES) modules.allowShared(function, sharedBytes, symbol);
        occupancy.computeIfAbsent(
                List.of(symbol, threads, sharedBytes),
                _ -> () -> occupancy(function, symbol, threads, sharedBytes));
        return new LaunchStep.Kernel(
                symbol, function.address(), grid, threads, sharedBytes, packed(symbol, arguments));
    }

    /// Empty where the driver does not know the kernel's registers, as the stand-in does not.
    private Optional<Occupancy> occupancy(
            DriverModules.Function function, String symbol, int threads, int sharedBytes) {
        var modules = device.driver().modules();
        int registers = modules.registers(function);
        if (registers == 0) return Optional.empty();
        int blocks = modules.blocks(function, threads, sharedBytes, symbol);
        return Optional.of(
                new Occupancy(
                        symbol,
                        registers,
                        modules.localBytes(function),
                        modules.staticBytes(function) + sharedBytes,
                        threads,
                        blocks,
                        (double) blocks * threads / device.threadsPerMultiprocessor()));
    }

    /// Adds the setting of every byte of a dense tensor, in the order of the launches.
    void fill(Tensor tensor, int value) {
        if (counting) return;
        if (!tensor.contiguous())
            throw new IllegalArgumentException("%s: a tensor to fill has gaps".formatted(id));
        steps.add(new LaunchStep.Fill(address(tensor), (byte) value, tensor.bytes()));
    }

    /// The same for memory of [#scratch].
    void fill(CudaBuffer buffer, int value) {
        if (counting) return;
        steps.add(new LaunchStep.Fill(buffer.address(), (byte) value, buffer.bytes()));
    }

    /// Adds a product by NVIDIA's library, which the plan closes.
    void product(CublasProduct product) {
        products.add(product);
        if (product.workspaceBytes() > 0)
            product.workspace(scratch(product.workspaceBytes()).address());
        steps.add(new LaunchStep.Product(product));
    }

    /// Memory of the device that lives as long as the binding; its contents are undefined at first
    /// and kept between launches.
    ///
    /// @throws dev.ridgeline.device.OutOfDeviceMemory if the device has no room
    CudaBuffer scratch(long bytes) {
        counted += bytes;
        if (counting) return new CudaBuffer(device, new Driver.Memory(), bytes);
        var buffer = device.allocate(bytes);
        scratch.add(buffer);
        return buffer;
    }

    /// A matrix as an argument, boxes of which a kernel has copied ([TensorMap#of]).
    TensorMap map(Tensor matrix, int rows, int columns, TensorMap.Swizzle swizzle) {
        if (counting) return TensorMap.PLANNED;
        return TensorMap.of(
                device.driver(), matrix, address(matrix), rows, columns, swizzle, arena);
    }

    /// Where it is launched.
    CudaDevice device() {
        return device;
    }

    /// Streaming multiprocessors of the device, for the size of a grid that fills it.
    int multiprocessors() {
        return device.multiprocessors().orElseThrow();
    }

    private String symbol(String what) {
        return "%s_%s_%s_%s".formatted(id.op(), id.arch(), id.idea(), what);
    }

    /// The arguments, and the array of pointers to them that `cuLaunchKernel` takes.
    private long packed(String symbol, Object[] arguments) {
        var values = arena.allocate(JAVA_LONG, Math.max(1, arguments.length));
        var pointers = arena.allocate(JAVA_LONG, Math.max(1, arguments.length));
        for (int i = 0; i < arguments.length; i++) {
            var place = values.asSlice(8L * i, 8);
            long at = place.address();
            switch (arguments[i]) {
                case Tensor t -> place.set(JAVA_LONG, 0, address(t));
                case CudaBuffer b -> place.set(JAVA_LONG, 0, b.address());
                case Integer n -> place.set(JAVA_INT, 0, n);
                case Long n -> place.set(JAVA_LONG, 0, n);
                case Float x -> place.set(JAVA_FLOAT, 0, x);
                case TensorMap map -> at = map.address();
                default ->
                        throw new IllegalArgumentException(
                                "%s: argument %d is a %s, which no kernel takes"
                                        .formatted(
                                                symbol,
                                                i,
                                                arguments[i].getClass().getSimpleName()));
            }
            pointers.setAtIndex(JAVA_LONG, i, at);
        }
        return pointers.address();
    }

    /// Where a tensor of this device begins.
    long address(Tensor t) {
        if (t.buffer() instanceof CudaBuffer buffer && buffer.device() == device)
            return buffer.address() + t.offset() * t.dtype().bytes();
        throw new IllegalArgumentException(
                "%s runs on %s, and an operand is %s".formatted(id, device.name(), t.buffer()));
    }

    Launch launch() {
        var sequence = steps.toArray(LaunchStep[]::new);
        return new Launch() {
            @Override
            public void on(Stream stream) {
                device.own(stream).enqueue(sequence);
            }

            @Override
            public List<Occupancy> occupancy() {
                return LaunchPlan.this.occupancy.values().stream()
                        .flatMap(each -> each.get().stream())
                        .toList();
            }

            @Override
            public void close() {
                LaunchPlan.this.close();
            }
        };
    }

    /// Gives back what the plan holds. What was launched is waited for, because it still uses it.
    void close() {
        if (!arena.scope().isAlive()) return;
        scratch.forEach(CudaBuffer::close);
        products.forEach(CublasProduct::close);
        arena.close();
    }
}
