package dev.ridgeline.device;

/// Memory beyond a device that could not be had, and where.
public final class OffloadFailure extends DeviceFailure {
    private static final long serialVersionUID = 1;

    OffloadFailure(String format, Object... arguments) {
        super(format.formatted(arguments));
    }
}
