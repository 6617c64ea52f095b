package dev.ridgeline.device;

/// A way that data takes between a device's memory and another, to be timed.
public interface Transfer {
    /// `host to device, pinned`.
    String name();

    /// Bytes that cross in one pass, both directions counted.
    long bytes();

    /// Times passes, after one that is not counted; holds its memory only meanwhile.
    ///
    /// @return seconds of each
    double[] seconds(int passes);
}
