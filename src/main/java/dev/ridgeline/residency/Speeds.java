package dev.ridgeline.residency;

import dev.ridgeline.op.Op;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How fast a device computes and copies, as measured: what a prediction is made from.
///
/// @param ops by [Operands#signature]
/// @param in bytes per second from far memory while nothing else runs
/// @param out bytes per second to far memory
/// @param both share of its rate that a direction has while the other runs too; 0 where only one
///   copy runs at a time
/// @param latency seconds that a copy takes besides its bytes
public record Speeds(Map<String, OpSpeed> ops, double in, double out, double both, double latency) {
    /// @param alone seconds while nothing is copied
    /// @param beside seconds while something is
    /// @param share of its rate that a copy has meanwhile
    public record OpSpeed(double alone, double beside, double share) {}

    /// Of no device in particular, for plans that are to be right before they are fast: 1e11
    /// flop/s, 1e10 byte/s, and copies as fast as the memory.
    static Speeds nominal(List<Planner.Variant> variants, boolean duplex) {
        var ops = new HashMap<String, OpSpeed>();
        for (var variant : variants)
            for (var op : variant.trace().ops()) {
                double seconds = Math.max(op.cost().flops() / 1e11, op.cost().bytes() / 1e10);
                ops.put(Operands.signature(op), new OpSpeed(seconds, seconds, 1));
            }
        return new Speeds(ops, 1e10, 1e10, duplex ? 1 : 0, 1e-5);
    }

    public boolean duplex() {
        return both > 0;
    }

    public double rate(boolean inward) {
        return inward ? in : out;
    }

    /// Seconds that copying takes while nothing else runs: of the longer direction, or of both
    /// where they take turns.
    public double copySeconds(long bytesIn, long bytesOut) {
        double fetching = bytesIn / in;
        double storing = bytesOut / out;
        return duplex() ? Math.max(fetching, storing) : fetching + storing;
    }

    List<OpSpeed> of(List<Op> all) {
        return all.stream().map(this::of).toList();
    }

    private OpSpeed of(Op op) {
        var found = ops.get(Operands.signature(op));
        if (found == null)
            throw new IllegalStateException("an op was not measured: " + Operands.signature(op));
        return found;
    }
}
