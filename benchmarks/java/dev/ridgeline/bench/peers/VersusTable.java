package dev.ridgeline.bench.peers;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The contests of one op as a Markdown table: rates, shares of the ceiling, and the ratio of the
/// first kernel to each other one with its 95 % interval.
final class VersusTable {
    private final String op;
    private final List<String> kernels;
    private final String ceiling;
    private final Map<String, Contest> contests = new LinkedHashMap<>();

    /// @param ceiling name of what shares are of
    VersusTable(String op, List<String> kernels, String ceiling) {
        this.op = op;
        this.kernels = kernels;
        this.ceiling = ceiling;
    }

    void add(String shape, Contest contest) {
        contests.put(shape, contest);
    }

    String ratios() {
        var ours = kernels.getFirst();
        var peers = kernels.subList(1, kernels.size());
        var unit = contests.values().iterator().next().unit();
        var header = new ArrayList<>(List.of(op));
        kernels.forEach(k -> header.add(k + ", " + unit + " (% of " + ceiling + ")"));
        peers.forEach(k -> header.add(ours + " / " + k));
        var rows = new ArrayList<List<String>>();
        contests.forEach((shape, contest) -> rows.add(row(shape, contest, ours, peers)));
        if (contests.size() > 1) {
            var means = new ArrayList<>(List.of("geometric mean"));
            kernels.forEach(k -> means.add(""));
            var every = List.copyOf(contests.values());
            peers.forEach(k -> means.add("%.3f".formatted(Contest.geometricMean(every, ours, k))));
            rows.add(means);
        }
        return markdown(header, rows);
    }

    private List<String> row(String shape, Contest contest, String ours, List<String> peers) {
        var row = new ArrayList<>(List.of(shape.replace("x", " x ")));
        for (var k : kernels)
            row.add(
                    "%.1f (%.0f)"
                            .formatted(contest.rate(k).median(), 100 * contest.share(k).median()));
        for (var k : peers) {
            var ratio = contest.ratio(ours, k);
            row.add("%.3f [%.3f, %.3f]".formatted(ratio.median(), ratio.low(), ratio.high()));
        }
        return row;
    }

    /// Whether some launch of the JVM stays slow: a row per kernel and shape, a column per process.
    String shareByBlock() {
        var rows = new ArrayList<List<String>>();
        int most = 0;
        for (var kernel : kernels) {
            for (var entry : contests.entrySet()) {
                double[] shares = entry.getValue().share(kernel).roundMedians();
                most = Math.max(most, shares.length);
                var row = new ArrayList<>(List.of(kernel + " " + entry.getKey()));
                for (double share : shares) row.add("%.0f".formatted(100 * share));
                rows.add(row);
            }
        }
        var header = new ArrayList<>(List.of(op + ", % of " + ceiling + ", process"));
        for (int block = 1; block <= most; block++) header.add(String.valueOf(block));
        return markdown(header, rows);
    }

    private static String markdown(List<String> header, List<List<String>> rows) {
        var alignment = new ArrayList<>(Collections.nCopies(header.size(), "---:"));
        alignment.set(0, "---");
        return Stream.concat(Stream.of(header, alignment), rows.stream())
                .map(row -> "| " + String.join(" | ", row) + " |\n")
                .collect(Collectors.joining());
    }
}
