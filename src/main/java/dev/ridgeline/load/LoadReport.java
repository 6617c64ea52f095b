package dev.ridgeline.load;

import java.util.List;

/// What became of one load.
///
/// @param bytes of the files
/// @param threads that read
/// @param stages in order
/// @param waited seconds that threads waited for a place in the ring, all together
/// @param inPlace bytes that were read to where they stay, without the ring
public record LoadReport(
        long bytes, double seconds, int threads, List<Stage> stages, double waited, long inPlace) {
    /// @param name `read`, `cast`, `copy`, `gather`
    /// @param busy seconds that threads or the device spent in it, all together
    public record Stage(String name, long bytes, double busy) {
        /// Bytes per second, as if nothing else had to be done.
        ///
        /// @param threads that shared the work
        public double rate(int threads) {
            return bytes / (busy / threads);
        }
    }

    /// Bytes per second from the first to the last.
    public double rate() {
        return bytes / seconds;
    }
}
