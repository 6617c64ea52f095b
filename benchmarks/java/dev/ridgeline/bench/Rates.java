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

    /// TFLOP/s while the device was at work: weighted so that JMH's division by all the time, the
    /// host's part included, gives the rate by the device's clock.
    public double deviceTFLOP;

    /// @param seconds from the call to its end
    /// @param deviceSeconds of these that the device was at work
    void add(Cost cost, double seconds, double deviceSeconds) {
        GFLOP += cost.flops() * 1e-9;
        GB += cost.bytes() * 1e-9;
        deviceTFLOP += cost.flops() * 1e-12 * seconds / deviceSeconds;
    }
}
