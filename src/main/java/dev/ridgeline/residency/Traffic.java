package dev.ridgeline.residency;

/// What was copied during some steps, and how well it was hidden.
///
/// @param seconds of all of them
/// @param stall seconds in which the computation waited for copies
/// @param in seconds in which something was copied to the device, however fast
/// @param out seconds in which something was copied from it
/// @param bytesIn copied to the device
public record Traffic(
        double seconds, double stall, double in, double out, long bytesIn, long bytesOut) {
    /// Seconds in which the busier direction copied; of both together where only one copies at a
    /// time.
    public double copySeconds(boolean duplex) {
        return duplex ? Math.max(in, out) : in + out;
    }

    /// The share of what could be hidden that was: seconds in which both ran, over the shorter of
    /// computing and copying. 1 when the step takes as long as the longer of the two, 0 when it
    /// takes as long as both, one after the other; 1 when there is nothing to hide.
    public double overlap(boolean duplex) {
        double copies = copySeconds(duplex);
        double hideable = Math.min(copies, seconds - stall);
        return hideable <= 0 ? 1 : Math.clamp((copies - stall) / hideable, 0, 1);
    }
}
