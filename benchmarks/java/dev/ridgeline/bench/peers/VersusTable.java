package dev.ridgeline.bench.peers;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The contests of one op as a Markdown table: rates, shares of the ceiling, and the ratio of the
/// first kernel to each other one with its 95 % interval.
final class VersusTable {
    private final String op;
    private final List<String> kernels;
    private final Map<String, Contest> contests = new LinkedHashMap<>();

    VersusTable(String op, List<String> kernels) {
        this.op = op;
        this.kernels = kernels;
    }

    void add(String shape, Contest contest) {
        contests.put(shape, contest);
    }

    String markdown() {
        var ours = kernels.getFirst();
        var peers = kernels.subList(1, kernels.size());
        var rows = new ArrayList<List<String>>();
        var header = new ArrayList<>(List.of(op));
        var unit = contests.values().iterator().next().unit();
        kernels.forEach(k -> header.add(k + ", " + unit + " (% of ceiling)"));
        peers.forEach(k -> header.add(ours + " / " + k));
        rows.add(header);
        var alignment = new ArrayList<>(Collections.nCopies(header.size(), "---:"));
        alignment.set(0, "---");
        rows.add(alignment);
        contests.forEach((shape, contest) -> rows.add(row(shape, contest, ours, peers)));
        if (contests.size() > 1) {
            var means = new ArrayList<>(List.of("geometric mean"));
            kernels.forEach(k -> means.add(""));
            var every = List.copyOf(contests.values());
            peers.forEach(
                    k -> means.add("%.3f".formatted(Contest.geometricMean(every, ours, k))));
            rows.add(means);
        }
        var text = new StringBuilder();
        for (var row : rows) text.append("| ").append(String.join(" | ", row)).append(" |\n");
        return text.toString();
    }

    private List<String> row(String shape, Contest contest, String ours, List<String> peers) {
        var row = new ArrayList<>(List.of(shape.replace("x", " x ")));
        for (var k : kernels)
            row.add(
                    "%.1f (%.0f)"
                            .formatted(
                                    contest.rate(k).median(), 100 * contest.share(k).median()));
        for (var k : peers) {
            var ratio = contest.ratio(ours, k);
            row.add("%.3f [%.3f, %.3f]".formatted(ratio.median(), ratio.low(), ratio.high()));
        }
        return row;
    }
}
