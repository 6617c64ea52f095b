package dev.ridgeline.device;

/// A device that could not do its work; the message is a sentence for people, with the device's
/// name, what it said and what it was doing.
public abstract class DeviceFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    protected DeviceFailure(String message) {
        super(message);
    }
}
