package dev.ridgeline.cuda;

import dev.ridgeline.hardware.Check;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// CUDA on this machine: whether it works, and why not.
public final class Cuda {
    /// What looking for it found; looked once.
    private record Finding(int devices, Optional<String> absence) {}

    private static final class Holder {
        static final Finding FINDING = look();
    }

    private Cuda() {}

    private static Finding look() {
        if (!LibCuda.found()) return absent(LibCuda.ABSENT);
        try {
            int count = DriverQueries.count();
            return count > 0
                    ? new Finding(count, Optional.empty())
                    : absent("the driver shows no device");
        } catch (CudaError e) {
            return absent(e.getMessage());
        } catch (LinkageError e) {
            return absent("JCuda does not load here: " + e.getMessage());
        }
    }

    private static Finding absent(String reason) {
        return new Finding(0, Optional.of(reason));
    }

    /// Devices that the driver shows, after `CUDA_VISIBLE_DEVICES`; 0 where there is a reason in
    /// [#absence].
    public static int devices() {
        return Holder.FINDING.devices();
    }

    /// Why there is no device, for a person to read; empty if there is one.
    public static Optional<String> absence() {
        return Holder.FINDING.absence();
    }

    /// All of them.
    public static List<GpuRecord> records() {
        return IntStream.range(0, devices()).mapToObj(GpuRecord::of).toList();
    }

    /// The state of a GPU now; empty where NVML does not know it.
    public static Optional<GpuState> state(GpuRecord gpu) {
        return Nvml.open().flatMap(nvml -> nvml.device(gpu.uuid()).map(nvml::state));
    }

    /// Whether there is a GPU and the build has kernels for it.
    public static boolean ready() {
        return devices() > 0
                && !standin()
                && CudaKernels.all().stream().anyMatch(k -> KernelImages.built(k.id()));
    }

    /// Whether the driver is the stand-in, which computes on the CPU for tests.
    public static boolean standin() {
        return LibCuda.standinKernels().isPresent();
    }

    /// What works of CUDA and its libraries, and why the rest does not; nothing on a machine
    /// without the driver, of which the host's checks tell.
    public static List<Check> checks() {
        if (!LibCuda.found()) return List.of();
        return List.of(started(), kernels(), clusters(), tensorMaps(), nvml(), cublas());
    }

    /// The driver in words: `CUDA 13.0, libnvidia-ml.so.1 of driver 580.65.06`.
    public static String driver() {
        int version = DriverQueries.version();
        return "CUDA %d.%d, %s".formatted(version / 1000, version % 1000 / 10, Nvml.detail());
    }

    private static Check started() {
        var name = "CUDA";
        if (absence().isPresent())
            return new Check(
                    name,
                    Check.Status.WARN,
                    absence().get(),
                    Optional.of("nvidia-smi tells whether the driver itself sees a GPU"));
        int version = DriverQueries.version();
        return new Check(
                name,
                Check.Status.PASS,
                "the driver takes CUDA up to %d.%d and shows %d device%s%s"
                        .formatted(
                                version / 1000,
                                version % 1000 / 10,
                                devices(),
                                devices() == 1 ? "" : "s",
                                standin() ? "; it is the stand-in, which computes on the CPU" : ""),
                Optional.empty());
    }

    private static Check kernels() {
        var name = "CUDA kernels";
        var all = CudaKernels.all().stream().filter(k -> !k.peer()).toList();
        long built = all.stream().filter(k -> KernelImages.built(k.id())).count();
        var detail = "%d of %d were built for GPUs".formatted(built, all.size());
        return built == all.size()
                ? new Check(name, Check.Status.PASS, detail, Optional.empty())
                : new Check(
                        name,
                        Check.Status.WARN,
                        detail,
                        Optional.of("build Ridgeline where nvcc is on the path"));
    }

    private static Check clusters() {
        boolean found = QueueCalls.LAUNCH_EX.isPresent();
        return found(
                "CUDA clusters",
                found,
                found
                        ? "cuLaunchKernelEx launches them, on sm_90 and newer"
                        : "the driver has no cuLaunchKernelEx");
    }

    private static Check tensorMaps() {
        boolean found = TensorMap.found();
        return found(
                "CUDA tensor maps",
                found,
                found
                        ? "cuTensorMapEncodeTiled makes them, for sm_90 and newer"
                        : "the driver has no cuTensorMapEncodeTiled");
    }

    private static Check nvml() {
        return found("NVML", Nvml.open().isPresent(), Nvml.detail());
    }

    private static Check cublas() {
        if (absence().isPresent() || standin())
            return found("cuBLASLt", false, "not looked for without a GPU");
        return found("cuBLASLt", CublasLt.open().isPresent(), CublasLt.detail());
    }

    /// Libraries that nothing depends on.
    private static Check found(String name, boolean found, String detail) {
        return new Check(
                name, Check.Status.PASS, found ? detail : "not used: " + detail, Optional.empty());
    }
}
