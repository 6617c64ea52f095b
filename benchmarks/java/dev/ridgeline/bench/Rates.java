package dev.ridgeline.bench;

import dev.ridgeline.op.Cost;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Work done, which JMH divides by the time it took: in the throughput mode, per second, these are
/// GFLOP/s and GB/s (1e9 each), by the op's own count of what it cannot avoid.
@State(Scope.Thread)
@AuxCounters
public class Rates {
    public double GFLOP;
    public double GB;

    void add(Cost cost) {
        GFLOP += cost.flops() * 1e-9;
        GB += cost.bytes() * 1e-9;
    }
}
