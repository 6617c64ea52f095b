package dev.ridgeline.cli;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.cuda.Cuda;
import dev.ridgeline.cuda.CudaDevice;
import dev.ridgeline.cuda.CudaError;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.report.Si;

import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// Which device, and how much of it.
final class DeviceOptions {
    /// Of the machine's memory; the rest is for the system, and for what proving a kernel needs
    /// outside the device: the reference's operands and results.
    private static final ByteSize DEFAULT_MEMORY = new ByteSize(60, true);

    private static final Pattern GPU = Pattern.compile("cuda(?::(\\d{1,4}|all))?");

    @Option(
            names = "--device",
            scope = ScopeType.INHERIT,
            paramLabel = "DEVICE",
            description =
                    "cpu, cuda:0, cuda:all; cpu:N for one of several parts of this machine"
                            + " (default: the first GPU where Ridgeline has kernels for one, or"
                            + " cpu).")
    private Optional<String> device;

    @Option(
            names = "--threads",
            scope = ScopeType.INHERIT,
            paramLabel = "N[,N...]",
            converter = Sizes.Converter.class,
            description =
                    "Threads that a kernel may use on the CPU (default: all). Several give several"
                            + " rows.")
    private Optional<Sizes> threads;

    @Option(
            names = "--memory",
            scope = ScopeType.INHERIT,
            paramLabel = "SIZE",
            converter = ByteSize.Converter.class,
            description =
                    "Capacity of the device: 2GiB, 1500MB or 60%% (default: 60%%, all that is free"
                            + " on a GPU).")
    private Optional<ByteSize> memory;

    /// The CPU once for every number of threads asked for, or each GPU once.
    ///
    /// @throws Fault if it is not here
    Sites open(HostRecord host) {
        return open(host, 0);
    }

    /// @param spared cores that kernels do not use by default, if there are more
    Sites open(HostRecord host, int spared) {
        var name = device.orElseGet(() -> Cuda.ready() ? "cuda:0" : "cpu");
        if (name.matches("cpu(:\\d+)?")) return cpu(name, host, spared);
        var gpu = GPU.matcher(name);
        if (!gpu.matches())
            throw Fault.usage("--device %s: there is cpu, cpu:N, cuda:N and cuda:all", name);
        return gpus(name, Optional.ofNullable(gpu.group(1)));
    }

    private Sites cpu(String name, HostRecord host, int spared) {
        int cores = host.processor().allowedCores();
        long capacity = capacity(host);
        var counts = threads.map(Sizes::values).orElse(List.of(Math.max(1, cores - spared)));
        for (int count : counts)
            if (count > cores)
                throw Fault.usage(
                        "--threads %d: this machine has %d processor%s for it",
                        count, cores, cores == 1 ? "" : "s");
        return Sites.cpu(
                counts.stream().distinct().toList(),
                threads.isPresent(),
                count -> new CpuDevice(name, count, capacity));
    }

    /// @param which `0` or `all`; absent for the first
    private Sites gpus(String name, Optional<String> which) {
        if (threads.isPresent()) throw Fault.usage("--threads is for the CPU, not for %s", name);
        var absence = Cuda.absence();
        if (absence.isPresent()) throw Fault.environment("%s: %s", name, absence.get());
        int count = Cuda.devices();
        if (which.equals(Optional.of("all")))
            return Sites.gpus(IntStream.range(0, count).boxed().toList(), this::gpu);
        int ordinal = which.map(Integer::parseInt).orElse(0);
        if (ordinal >= count)
            throw Fault.environment(
                    "%s: the driver shows %d device%s%s",
                    name,
                    count,
                    count == 1 ? "" : "s",
                    System.getenv("CUDA_VISIBLE_DEVICES") == null
                            ? ""
                            : " (CUDA_VISIBLE_DEVICES is set)");
        return Sites.gpus(List.of(ordinal), this::gpu);
    }

    private CudaDevice gpu(int ordinal) {
        try {
            return CudaDevice.open(ordinal, free -> memory.map(size -> size.of(free)).orElse(free));
        } catch (CudaError e) {
            throw Fault.environment("%s", e.getMessage());
        }
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
