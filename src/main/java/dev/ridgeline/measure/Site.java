package dev.ridgeline.measure;

import dev.ridgeline.device.Device;

/// Where rows run: a device, as it was opened.
///
/// @param threads of the host that its kernels use; of a GPU, the one that launches
public record Site(Device device, int threads) {
    /// `2 threads`; `132 multiprocessors` of a GPU.
    public String count() {
        return device.multiprocessors().isPresent()
                ? counted(device.multiprocessors().getAsInt(), "multiprocessor")
                : counted(threads, "thread");
    }

    private static String counted(int count, String unit) {
        return count + " " + unit + (count == 1 ? "" : "s");
    }

    /// [#count], after the device's name unless that is plain `cpu`; of a GPU the name alone.
    @Override
    public String toString() {
        if (device.multiprocessors().isPresent()) return device.name();
        return (device.name().equals("cpu") ? "" : device.name() + ", ") + count();
    }
}
