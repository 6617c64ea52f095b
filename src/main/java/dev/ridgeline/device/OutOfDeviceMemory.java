package dev.ridgeline.device;

/// An allocation that does not fit a device's capacity. Nothing was allocated.
public final class OutOfDeviceMemory extends RuntimeException {
    private static final long serialVersionUID = 1;

    public OutOfDeviceMemory(String device, long needed, long free, long capacity) {
        super(
                "%s: %,d bytes do not fit; %,d of its %,d bytes are free"
                        .formatted(device, needed, free, capacity));
    }
}
