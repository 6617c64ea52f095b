package dev.ridgeline.measure;

import dev.ridgeline.device.Device;

/// Where rows run: a device, as it was opened.
///
/// @param threads of the device that its kernels use
public record Site(Device device, int threads) {
    /// `2 threads`.
    public String count() {
        return threads + (threads == 1 ? " thread" : " threads");
    }

    /// [#count], after the device's name unless that is plain `cpu`.
    @Override
    public String toString() {
        return (device.name().equals("cpu") ? "" : device.name() + ", ") + count();
    }
}
