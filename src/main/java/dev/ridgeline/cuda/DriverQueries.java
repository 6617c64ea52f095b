package dev.ridgeline.cuda;

import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.CUuuid;
import jcuda.driver.JCudaDriver;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;

/// What the driver says of devices without a context on them: one of the four classes that JCuda
/// appears in.
final class DriverQueries {
    // `CUdevice_attribute` of cuda.h
    static final int CLOCK_KILOHERTZ = 13;
    static final int MULTIPROCESSORS = 16;
    static final int ECC = 32;
    static final int MEMORY_CLOCK_KILOHERTZ = 36;
    static final int MEMORY_BUS_BITS = 37;
    static final int L2_BYTES = 38;
    static final int THREADS_PER_MULTIPROCESSOR = 39;
    static final int CAPABILITY_MAJOR = 75;
    static final int CAPABILITY_MINOR = 76;
    static final int SHARED_BYTES_PER_BLOCK = 97;
    static final int MEMORY_POOLS = 115;
    static final int CLUSTERS = 120;

    private DriverQueries() {}

    /// Devices that the driver shows, after `CUDA_VISIBLE_DEVICES`.
    ///
    /// @throws CudaError if the driver cannot start
    static int count() {
        int[] count = new int[1];
        check("cuda", JCudaDriver.cuInit(0), "starting the driver");
        check("cuda", JCudaDriver.cuDeviceGetCount(count), "counting the devices");
        return count[0];
    }

    /// The newest CUDA that the driver supports, as 1000 major + 10 minor.
    static int version() {
        int[] version = new int[1];
        check("cuda", JCudaDriver.cuDriverGetVersion(version), "asking for the driver's version");
        return version[0];
    }

    static CUdevice device(int ordinal) {
        var device = new CUdevice();
        check(name(ordinal), JCudaDriver.cuDeviceGet(device, ordinal), "opening the device");
        return device;
    }

    static String name(int ordinal) {
        return "cuda:" + ordinal;
    }

    /// What the device is called by its vendor.
    static String description(int ordinal) {
        byte[] bytes = new byte[256];
        check(
                name(ordinal),
                JCudaDriver.cuDeviceGetName(bytes, bytes.length, device(ordinal)),
                "asking for the device's name");
        var text = new String(bytes, StandardCharsets.UTF_8);
        return text.substring(0, text.indexOf(0));
    }

    /// @param attribute a `CUdevice_attribute`
    static int attribute(int ordinal, int attribute) {
        int[] value = new int[1];
        check(
                name(ordinal),
                JCudaDriver.cuDeviceGetAttribute(value, attribute, device(ordinal)),
                "asking for attribute %d of the device",
                attribute);
        return value[0];
    }

    /// Bytes of its memory.
    static long memory(int ordinal) {
        long[] bytes = new long[1];
        check(
                name(ordinal),
                JCudaDriver.cuDeviceTotalMem(bytes, device(ordinal)),
                "asking for the size of the memory");
        return bytes[0];
    }

    /// `0000:17:00.0`.
    static String pci(int ordinal) {
        var id = new String[1];
        check(
                name(ordinal),
                JCudaDriver.cuDeviceGetPCIBusId(id, 32, device(ordinal)),
                "asking for the PCI bus id");
        return id[0];
    }

    /// `GPU-8f5a...`, as nvidia-smi and NVML have it.
    static String uuid(int ordinal) {
        var uuid = new CUuuid();
        check(
                name(ordinal),
                JCudaDriver.cuDeviceGetUuid(uuid, device(ordinal)),
                "asking for the UUID");
        var hex = HexFormat.of().formatHex(uuid.bytes);
        return "GPU-%s-%s-%s-%s-%s"
                .formatted(
                        hex.substring(0, 8),
                        hex.substring(8, 12),
                        hex.substring(12, 16),
                        hex.substring(16, 20),
                        hex.substring(20));
    }

    /// Whether kernels on one device can reach the memory of another.
    static boolean reaches(int ordinal, int other) {
        int[] can = new int[1];
        check(
                name(ordinal),
                JCudaDriver.cuDeviceCanAccessPeer(can, device(ordinal), device(other)),
                "asking whether it reaches %s",
                name(other));
        return can[0] != 0;
    }

    private static void check(String where, int code, String doing, Object... args) {
        if (code != 0)
            throw new CudaError(
                    where, code, CUresult.stringFor(code), String.format(Locale.ROOT, doing, args));
    }
}
