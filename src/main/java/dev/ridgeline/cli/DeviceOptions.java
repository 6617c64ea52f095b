package dev.ridgeline.cli;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.hardware.Check;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.report.Si;

import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

import java.util.List;
import java.util.Optional;

/// Which device, and how much of it.
final class DeviceOptions {
    /// Of the machine's memory; the rest is for the system, and for what proving a kernel needs
    /// outside the device: the reference's operands and results.
    private static final ByteSize DEFAULT_MEMORY = new ByteSize(60, true);

    @Option(
            names = "--device",
            scope = ScopeType.INHERIT,
            paramLabel = "DEVICE",
            defaultValue = "cpu",
            description = "cpu, or cpu:N for one of several on this machine (default: cpu).")
    private String device;

    @Option(
            names = "--threads",
            scope = ScopeType.INHERIT,
            paramLabel = "N[,N...]",
            converter = Sizes.Converter.class,
            description =
                    "Threads that a kernel may use (default: all). Several give several rows.")
    private Optional<Sizes> threads;

    @Option(
            names = "--memory",
            scope = ScopeType.INHERIT,
            paramLabel = "SIZE",
            converter = ByteSize.Converter.class,
            description = "Capacity of the device: 2GiB, 1500MB or 60%% (default: 60%%).")
    private Optional<ByteSize> memory;

    /// The device once for every number of threads asked for.
    ///
    /// @throws Fault if it is not here
    Sites open(HostRecord host) {
        requireCpu(host);
        int cores = host.processor().allowedCores();
        long capacity = capacity(host);
        var counts = threads.map(Sizes::values).orElse(List.of(cores));
        for (int count : counts)
            if (count > cores)
                throw Fault.usage(
                        "--threads %d: this machine has %d processor%s for it",
                        count, cores, cores == 1 ? "" : "s");
        return new Sites(
                counts.stream().distinct().toList(),
                threads.isPresent(),
                count -> new CpuDevice(device, count, capacity));
    }

    private void requireCpu(HostRecord host) {
        if (device.matches("cpu(:\\d+)?")) return;
        if (device.matches("cuda(:(\\d+|all))?"))
            throw Fault.environment(
                    "%s: this version has no CUDA backend yet (%s)",
                    device,
                    host.checks(CpuDevice.vectorBits()).stream()
                            .filter(check -> check.name().equals("NVIDIA driver"))
                            .map(Check::detail)
                            .findFirst()
                            .orElse("and no driver was looked for"));
        throw Fault.usage("--device %s: there is cpu and cpu:N", device);
    }

    private long capacity(HostRecord host) {
        var whole = host.memory().limit().or(() -> host.memory().bytes());
        var size = memory.orElse(DEFAULT_MEMORY);
        if (whole.isEmpty()) {
            if (size.share())
                throw Fault.usage(
                        "this system does not tell how much memory it has: name it with --memory"
                                + " 2GiB");
            return size.of(0);
        }
        long capacity = size.of(whole.get());
        if (capacity > whole.get())
            throw Fault.usage(
                    "--memory %s: this machine has %s",
                    Si.binaryBytes(capacity), Si.binaryBytes(whole.get()));
        return capacity;
    }
}
