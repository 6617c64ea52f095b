package dev.ridgeline.bench.peers;

import dev.ridgeline.bench.peers.Race.Lap;

import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.ScalarResult;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Hands the laps of [InterleavedBenchmark] to JMH as secondary results, so that they are in its
/// table and, round by round, in its JSON: `-prof dev.ridgeline.bench.peers.Laps`.
public final class Laps implements InternalProfiler {
    static final String SHARE = ":share";
    static final String RATIO = "/";

    private static List<Lap> last = List.of();

    static void record(List<Lap> laps) {
        last = List.copyOf(laps);
    }

    @Override
    public String getDescription() {
        return "Rate, share of the ceiling and ratio of each kernel of an interleaved round";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        last = List.of();
    }

    @Override
    public Collection<ScalarResult> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        var results = new ArrayList<ScalarResult>();
        for (var lap : last) {
            results.add(scalar(lap.kernel(), lap.rate(), lap.unit()));
            results.add(scalar(lap.kernel() + SHARE, lap.share(), "of ceiling"));
        }
        for (var lap : last.subList(Math.min(1, last.size()), last.size())) {
            var ours = last.getFirst();
            results.add(
                    scalar(
                            ours.kernel() + RATIO + lap.kernel(),
                            ours.rate() / lap.rate(),
                            "times"));
        }
        return results;
    }

    private static ScalarResult scalar(String label, double value, String unit) {
        return new ScalarResult(label, value, unit, AggregationPolicy.AVG);
    }
}
