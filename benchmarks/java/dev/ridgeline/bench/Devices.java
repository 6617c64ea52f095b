package dev.ridgeline.bench;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.cuda.Cuda;
import dev.ridgeline.cuda.CudaDevice;
import dev.ridgeline.device.Device;

/// The device that a benchmark names in its parameters.
final class Devices {
    private Devices() {}

    /// @param name `cpu`, `cuda:0`
    /// @param threads of a CPU
    /// @throws IllegalStateException if it is not here, or its speed would mean nothing
    static Device open(String name, int threads) {
        if (name.equals("cpu")) return new CpuDevice(name, threads, Long.MAX_VALUE);
        if (!name.matches("cuda:\\d{1,4}"))
            throw new IllegalStateException("there is cpu and cuda:N, not " + name);
        Cuda.absence()
                .ifPresent(
                        reason -> {
                            throw new IllegalStateException(name + ": " + reason);
                        });
        if (Cuda.standin())
            throw new IllegalStateException(
                    name + " is the stand-in driver, and nothing on it is timed");
        return CudaDevice.open(Integer.parseInt(name.substring("cuda:".length())), free -> free);
    }
}
