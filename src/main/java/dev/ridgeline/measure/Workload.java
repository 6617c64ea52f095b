package dev.ridgeline.measure;

import dev.ridgeline.device.Device;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;

import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// A problem anyone can rebuild: same extents, same seed, same bits on every device.
///
/// @param variant what distinguishes it within its op: `nt`, `causal`; empty if nothing does
/// @param extents named sizes in the order people say them, for display and for results
/// @param make asks for the operands, inputs filled and outputs poisoned, and makes the op of them
public record Workload<O extends Op>(
        Class<O> type,
        String variant,
        Map<String, Integer> extents,
        DType dtype,
        long seed,
        Function<Operands, O> make) {

    /// The op and the memory its operands live in.
    public record Instance<O extends Op>(O op, Operands operands) implements AutoCloseable {
        @Override
        public void close() {
            operands.close();
        }
    }

    /// `gemm nt m=512 n=512 k=512 bf16`.
    public String name() {
        return Op.name(type)
                + (variant.isEmpty() ? "" : " " + variant)
                + " "
                + shape()
                + " "
                + dtype.label();
    }

    /// `m=512 n=512 k=512`.
    public String shape() {
        return extents.entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue())
                .collect(Collectors.joining(" "));
    }

    /// Allocates the operands on `device` and fills them.
    ///
    /// @throws dev.ridgeline.device.OutOfDeviceMemory if they do not fit; nothing stays allocated
    public Instance<O> on(Device device) {
        return on(Operands.on(device, seed));
    }

    /// The same operands in host memory, for the reference.
    public Instance<O> onHost() {
        return on(Operands.onHost(seed));
    }

    private Instance<O> on(Operands operands) {
        try {
            return new Instance<>(make.apply(operands), operands);
        } catch (RuntimeException | Error e) {
            operands.close();
            throw e;
        }
    }

    /// The op on operands that have shapes and no memory: for its cost, its refusals, its bytes.
    public O planned() {
        return make.apply(Operands.planned());
    }

    /// Bytes its operands need.
    public long bytes() {
        var operands = Operands.planned();
        make.apply(operands);
        return operands.bytes();
    }

    /// The same problem with other random inputs.
    public Workload<O> withSeed(long other) {
        return new Workload<>(type, variant, extents, dtype, other, make);
    }
}
