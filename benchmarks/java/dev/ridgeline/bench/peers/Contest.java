package dev.ridgeline.bench.peers;

import dev.ridgeline.measure.Measurement;

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
    void add(RunResult run) {
        for (var fork : run.getBenchmarkResults()) {
            var rounds = new LinkedHashMap<String, List<Double>>();
            for (var iteration : fork.getIterationResults()) {
                iteration
                        .getSecondaryResults()
                        .forEach(
                                (label, result) -> {
                                    rounds.computeIfAbsent(label, l -> new ArrayList<>())
                                            .add(result.getScore());
                                    if (result.getScoreUnit().endsWith("/s"))
                                        unit = result.getScoreUnit();
                                });
            }
            rounds.forEach(
                    (label, seen) ->
                            values.computeIfAbsent(label, l -> new ArrayList<>())
                                    .add(seen.stream().mapToDouble(v -> v).toArray()));
        }
    }

    String unit() {
        return unit;
    }

    /// In the order of the race.
    List<String> kernels() {
        return values.keySet().stream()
                .filter(l -> !l.contains(Laps.SHARE) && !l.contains(Laps.RATIO))
                .toList();
    }

    boolean has(String kernel) {
        return values.containsKey(kernel);
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
        for (int i = 0; i < Math.min(a.length, b.length); i++) blocks.add(new double[] {a[i] / b[i]});
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
