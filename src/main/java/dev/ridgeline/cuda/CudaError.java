package dev.ridgeline.cuda;

import dev.ridgeline.device.DeviceFailure;

import java.util.Locale;
import java.util.Set;

/// A call of the CUDA driver that failed, in one sentence: where, the error's name, what was being
/// done and with which sizes.
public final class CudaError extends DeviceFailure {
    private static final long serialVersionUID = 1;

    /// Errors after which a context takes no more work: cuda.h says of each that the process must
    /// be ended, or that the device is gone.
    private static final Set<Integer> FATAL =
            Set.of(
                    4, 46, 101, 214, 220, 226, 227, 700, 702, 709, 710, 714, 715, 716, 717, 718,
                    719, 721, 999);

    /// `CUDA_ERROR_LAUNCH_TIMEOUT`.
    private static final int TIMEOUT = 702;

    private final int code;
    private final boolean unending;

    /// @param code a `CUresult`
    /// @param name `CUDA_ERROR_ILLEGAL_ADDRESS`
    /// @param doing `copying 4096 bytes to the device`
    CudaError(String device, int code, String name, String doing) {
        super(
                String.format(
                        Locale.ROOT,
                        "%s: %s while %s%s",
                        device,
                        name,
                        doing,
                        LibCuda.standinReport().map(report -> ": " + report).orElse("")));
        this.code = code;
        unending = false;
    }

    private CudaError(String sentence) {
        super(sentence);
        code = TIMEOUT;
        unending = true;
    }

    /// Work that was still not done after so long.
    ///
    /// @param last what was enqueued last
    static CudaError unending(String device, long seconds, String waiting, String last) {
        return new CudaError(
                "%s: no end in %d s while %s; the last was %s"
                        .formatted(device, seconds, waiting, last));
    }

    private CudaError(String device, CudaError before) {
        super("%s takes no more work since it failed: %s".formatted(device, before.getMessage()));
        code = before.code;
        unending = before.unending;
    }

    /// What work on a device that failed `before` ends with.
    static CudaError after(String device, CudaError before) {
        return new CudaError(device, before);
    }

    /// Whether the device may still be busy with what failed.
    boolean unending() {
        return unending;
    }

    /// Whether the device can do nothing more in this process.
    boolean fatal() {
        return FATAL.contains(code);
    }
}
