package dev.ridgeline.residency;

import dev.ridgeline.device.Link;
import dev.ridgeline.model.Memory.Region;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/// Where the regions of a step are while they are not on the device; each has memory from when it
/// is first asked for, zeroed.
final class FarMemory {
    private final Link link;
    private final Map<Region, Long> sizes = new HashMap<>();
    private final Map<Region, MemorySegment> homes = new HashMap<>();

    FarMemory(Link link) {
        this.link = link;
    }

    /// Admits regions; the same one may be of several lists of ops.
    void admit(Map<Region, Long> regions) {
        regions.forEach((region, bytes) -> sizes.merge(region, bytes, Math::max));
    }

    MemorySegment part(Region region, long begin, long bytes) {
        return homes.computeIfAbsent(region, r -> link.memory(sizes.get(r))).asSlice(begin, bytes);
    }
}
