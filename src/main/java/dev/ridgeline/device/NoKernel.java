package dev.ridgeline.device;

/// No kernel of a device accepts an op; the message gives each one's reason.
public final class NoKernel extends RuntimeException {
    private static final long serialVersionUID = 1;

    public NoKernel(String message) {
        super(message);
    }
}
