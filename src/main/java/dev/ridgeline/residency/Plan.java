package dev.ridgeline.residency;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Memory.Region;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// How a step is run in a memory that it does not fit: what stays, what is copied when and where
/// to, and how long that should take.
public final class Plan {
    private static final double WHOLE = 0.995;

    private final Planner.Variant variant;
    private final long capacity;
    private final List<Stay> stays;
    private final long[] addresses;
    private final Schedule schedule;
    private final Timeline.Result timeline;

    Plan(
            Planner.Variant variant,
            long capacity,
            List<Stay> stays,
            long[] addresses,
            Schedule schedule,
            Timeline.Result timeline) {
        this.variant = variant;
        this.capacity = capacity;
        this.stays = List.copyOf(stays);
        this.addresses = addresses;
        this.schedule = schedule;
        this.timeline = timeline;
    }

    public Planner.Variant variant() {
        return variant;
    }

    public Trace trace() {
        return variant.trace();
    }

    /// Bytes that its places may take.
    public long capacity() {
        return capacity;
    }

    List<Stay> stays() {
        return stays;
    }

    long address(int stay) {
        return addresses[stay];
    }

    List<Move> moves() {
        return schedule.moves();
    }

    List<List<Integer>> waits() {
        return schedule.waits();
    }

    Timeline.Result timeline() {
        return timeline;
    }

    /// Predicted for a step among others.
    public double seconds() {
        return timeline.seconds();
    }

    /// Predicted seconds of a step in which ops wait for copies.
    public double stallSeconds() {
        return timeline.stall();
    }

    /// Predicted seconds of a step in which the busier direction copies.
    public double copySeconds(boolean duplex) {
        return duplex ? Math.max(timeline.in(), timeline.out()) : timeline.in() + timeline.out();
    }

    /// Bytes that a step copies to the device.
    public long bytesIn() {
        return bytes(true);
    }

    /// Bytes that a step copies from the device.
    public long bytesOut() {
        return bytes(false);
    }

    /// Bytes in and out together, below which no plan for the same ops in the same memory can come.
    public long leastBytes() {
        return (long) Math.ceil(new LeastTraffic(trace()).within(capacity).orElseThrow());
    }

    private long bytes(boolean inward) {
        return moves().stream().filter(m -> m.inward() == inward).mapToLong(Move::bytes).sum();
    }

    /// Bytes of each region that are not on the device all the time.
    public Map<Region, Long> streamed() {
        var bytes = new HashMap<Region, Long>();
        for (int p : leaving()) {
            var piece = trace().pieces().get(p);
            bytes.merge(piece.region(), piece.bytes(), Long::sum);
        }
        return bytes;
    }

    private Set<Integer> leaving() {
        return stays.stream()
                .filter(s -> s.fetched() || s.stored())
                .map(Stay::piece)
                .collect(Collectors.toSet());
    }

    /// What moves, in words: `all resident`, `streams moments, 40 % of weights; recomputes`.
    public String strategy() {
        var whole = new EnumMap<Kind, Long>(Kind.class);
        var moved = new EnumMap<Kind, Long>(Kind.class);
        for (var piece : trace().pieces())
            whole.merge(shown(piece.region().kind()), piece.bytes(), Long::sum);
        streamed().forEach((region, bytes) -> moved.merge(shown(region.kind()), bytes, Long::sum));
        var parts = new ArrayList<String>();
        for (Map.Entry<Kind, Long> entry : moved.entrySet()) {
            double share = (double) entry.getValue() / whole.get(entry.getKey());
            var part = share >= WHOLE ? "" : Math.max(1, Math.round(100 * share)) + " % of ";
            parts.add(part + label(entry.getKey()));
        }
        var text = parts.isEmpty() ? "all resident" : "streams " + String.join(", ", parts);
        return variant.recomputes() ? text + "; recomputes" : text;
    }

    private static Kind shown(Kind kind) {
        return switch (kind) {
            case SECOND_MOMENTS -> Kind.FIRST_MOMENTS;
            case COPIES -> Kind.WEIGHTS;
            default -> kind;
        };
    }

    private static String label(Kind kind) {
        return kind == Kind.FIRST_MOMENTS ? "moments" : kind.label();
    }
}
