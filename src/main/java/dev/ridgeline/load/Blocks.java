package dev.ridgeline.load;

import java.util.Optional;

/// The extents of a plan in parts of a block, made as they are asked for. Any thread may ask.
///
/// What is not cast is cut where the file has multiples of a block, so that direct reads overlap
/// nowhere; a cast tensor is cut from its beginning, between elements.
final class Blocks {
    private final LoadPlan plan;
    private final long blockBytes;
    private int extent;
    private long done;

    /// @param blockBytes a multiple of 64 KiB
    Blocks(LoadPlan plan, long blockBytes) {
        this.plan = plan;
        this.blockBytes = blockBytes;
    }

    synchronized Optional<Extent> next() {
        while (extent < plan.extents().size() && done == plan.extents().get(extent).bytes()) {
            extent++;
            done = 0;
        }
        if (extent == plan.extents().size()) return Optional.empty();
        var whole = plan.extents().get(extent);
        long left = whole.bytes() - done;
        var first = whole.runs().getFirst();
        boolean straight = whole.runs().size() == 1 && first.count() == 1 && !whole.cast();
        long room = straight ? blockBytes - (first.from() + done) % blockBytes : blockBytes;
        var block = whole.cut(done, done + Math.min(left, room));
        done += Math.min(left, room);
        return Optional.of(block);
    }
}
