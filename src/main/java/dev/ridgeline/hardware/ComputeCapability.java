package dev.ridgeline.hardware;

/// What NVIDIA numbers instruction sets with: `9.0` is compiled for as `sm_90`.
public record ComputeCapability(int major, int minor) {
    /// @param text `9.0`
    public static ComputeCapability of(String text) {
        var parts = text.split("\\.");
        if (parts.length != 2)
            throw new IllegalArgumentException(
                    "a compute capability is written 9.0, not \"" + text + "\"");
        return new ComputeCapability(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
