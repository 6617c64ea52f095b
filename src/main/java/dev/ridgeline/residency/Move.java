package dev.ridgeline.residency;

import dev.ridgeline.model.Memory.Region;

import java.util.List;

/// A copy that is made once in each turn.
///
/// @param inward from far memory to the device
/// @param release op before which it is enqueued, in `[0, turn)`
/// @param begin of the bytes in their region
/// @param address on the device
/// @param after moves of which the latest runs have to be done first
record Move(
        boolean inward,
        int release,
        Region region,
        long begin,
        long address,
        long bytes,
        List<Integer> after) {
    long end() {
        return begin + bytes;
    }
}
