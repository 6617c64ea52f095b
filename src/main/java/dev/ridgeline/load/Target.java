package dev.ridgeline.load;

import dev.ridgeline.device.Device;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.HostBuffer;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Memory of a device that a plan is loaded into.
///
/// @param shift byte of the buffer at which the plan's memory begins
public record Target(Device device, Buffer buffer, long shift) implements AutoCloseable {
    /// @throws dev.ridgeline.device.OutOfDeviceMemory if the device has no room
    public static Target on(Device device, LoadPlan plan) {
        var buffer = device.allocate(plan.bytes() + LoadPlan.BLOCK);
        long shift =
                buffer instanceof HostBuffer host
                        ? -host.segment().address() & (LoadPlan.BLOCK - 1)
                        : 0;
        return new Target(device, buffer, shift);
    }

    /// The plan's memory, where the host can write to it.
    Optional<MemorySegment> host() {
        return buffer instanceof HostBuffer host
                ? Optional.of(host.segment().asSlice(shift))
                : Optional.empty();
    }

    @Override
    public void close() {
        buffer.close();
    }
}
