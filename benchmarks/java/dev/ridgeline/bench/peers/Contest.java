package dev.ridgeline.bench.peers;

import dev.ridgeline.measure.Measurement;

import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What the rounds on one shape gave, block by block. A block is one process where all kernels take
/// turns in it, and one process per kernel where they cannot share one.
final class Contest {
    private final Map<String, List<double[]>> values = new LinkedHashMap<>();
    private String unit = "";

    /// Adds what a run of [InterleavedBenchmark] with [Laps] recorded.
    ///
    /// @param label instead of the kernel's own name, where it ran alone; else empty
    void add(RunResult run, String label) {
        for (var fork : run.getBenchmarkResults()) {
            var block = new LinkedHashMap<String, List<Double>>();
            for (var iteration : fork.getIterationResults()) {
                iteration
                        .getSecondaryResults()
                        .forEach((name, result) -> add(block, relabelled(name, label), result));
            }
            block.forEach(
                    (name, rounds) ->
                            values.computeIfAbsent(name, n -> new ArrayList<>())
                                    .add(rounds.stream().mapToDouble(v -> v).toArray()));
        }
    }

    private void add(Map<String, List<Double>> block, String name, Result<?> result) {
        block.computeIfAbsent(name, n -> new ArrayList<>()).add(result.getScore());
        if (result.getScoreUnit().endsWith("/s")) unit = result.getScoreUnit();
    }

    private static String relabelled(String name, String label) {
        if (label.isEmpty()) return name;
        return name.endsWith(Laps.SHARE) ? label + Laps.SHARE : label;
    }

    String unit() {
        return unit;
    }

    Measurement rate(String kernel) {
        return new Measurement(values.get(kernel));
    }

    Measurement share(String kernel) {
        return new Measurement(values.get(kernel + Laps.SHARE));
    }

    /// Rate of `ours` over rate of `peer`: round by round where both ran in the same rounds, else
    /// of the medians of each block.
    Measurement ratio(String ours, String peer) {
        var together = values.get(ours + Laps.RATIO + peer);
        if (together != null) return new Measurement(together);
        double[] a = rate(ours).roundMedians();
        double[] b = rate(peer).roundMedians();
        var blocks = new ArrayList<double[]>();
        for (int i = 0; i < Math.min(a.length, b.length); i++)
            blocks.add(new double[] {a[i] / b[i]});
        return new Measurement(blocks);
    }

    /// The geometric mean over shapes of the median ratios.
    static double geometricMean(List<Contest> contests, String ours, String peer) {
        return Math.exp(
                contests.stream()
                        .mapToDouble(c -> Math.log(c.ratio(ours, peer).median()))
                        .average()
                        .orElse(Double.NaN));
    }
}
