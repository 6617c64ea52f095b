package dev.ridgeline.load;

import dev.ridgeline.placement.Runs;
import dev.ridgeline.shard.StoredType;

import java.util.ArrayList;
import java.util.List;

/// A part of a file, and where it goes on the device.
///
/// @param file its number in the plan
/// @param runs bytes of the file, from its beginning
/// @param target type on the device; `type` unless it is cast on the way
/// @param at first byte on the device
record Extent(int file, List<Runs> runs, StoredType type, StoredType target, long at) {
    /// Bytes of the file.
    long bytes() {
        return runs.stream().mapToLong(Runs::total).sum();
    }

    /// Bytes on the device.
    long landing() {
        return landing(bytes());
    }

    long landing(long bytes) {
        return cast() ? bytes / (type.bits() / 8) * (target.bits() / 8) : bytes;
    }

    boolean cast() {
        return type != target;
    }

    /// The bytes `from` to `to`, counted in the extent's own order.
    Extent cut(long from, long to) {
        var parts = new ArrayList<Runs>();
        long before = 0;
        for (var run : runs) {
            long begin = Math.max(from - before, 0);
            long end = Math.min(to - before, run.total());
            parts.addAll(run.cut(begin, end));
            before += run.total();
        }
        return new Extent(file, List.copyOf(parts), type, target, at + landing(from));
    }
}
