package dev.ridgeline.report;

import static dev.ridgeline.report.Columns.Column.left;
import static dev.ridgeline.report.Columns.Column.right;

import dev.ridgeline.report.Comparison.Verdict;

import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a terminal shows of a comparison: every common row with both medians, the speed of the
/// second over the first and the verdict; then what is not common, and the sum.
public final class ComparisonTable {
    private ComparisonTable() {}

    /// @param charset of the terminal; one without `µ` gets ASCII
    public static String of(Comparison comparison, Charset charset) {
        var table =
                new Columns(
                        2,
                        charset,
                        List.of(
                                left("shape"),
                                left("dtype"),
                                left("kernel"),
                                right("before"),
                                right("after"),
                                right("speed"),
                                left("interval"),
                                left("verdict")));
        var after = comparison.pairs().stream().map(Comparison.Pair::after).toList();
        Table.group(after)
                .forEach(
                        (heading, rows) -> {
                            table.heading(heading);
                            comparison.pairs().stream()
                                    .filter(p -> rows.contains(p.after()))
                                    .forEach(p -> table.add(cells(p)));
                        });
        return table.render() + "\n" + String.join("\n", sum(comparison)) + "\n";
    }

    private static List<String> cells(Comparison.Pair pair) {
        var speed = pair.speed();
        return List.of(
                Table.sizes(pair.after()),
                pair.after().dtype(),
                pair.after().idea(),
                median(pair.before()),
                median(pair.after()),
                Si.fixed(speed.ratio(), 3),
                "%s to %s".formatted(Si.fixed(speed.low(), 3), Si.fixed(speed.high(), 3)),
                pair.verdict().label());
    }

    private static String median(Row row) {
        return row.seconds().map(s -> Si.seconds(s.median())).orElse("");
    }

    private static List<String> sum(Comparison comparison) {
        var lines = new ArrayList<String>();
        for (var row : comparison.broken())
            lines.add(
                    "%s was measured before and now is %s: %s"
                            .formatted(
                                    row.key(),
                                    row.status().name().toLowerCase(Locale.ROOT),
                                    row.reason().orElse("no reason given")));
        for (var row : comparison.onlyBefore()) lines.add("only in the first: " + row.key());
        for (var row : comparison.onlyAfter()) lines.add("only in the second: " + row.key());
        lines.add(
                "%s compared: %s slower, %s faster, %s same, %s unclear; %s differ"
                        .formatted(
                                Si.count(comparison.pairs().size(), "row"),
                                comparison.count(Verdict.SLOWER),
                                comparison.count(Verdict.FASTER),
                                comparison.count(Verdict.SAME),
                                comparison.count(Verdict.UNCLEAR),
                                Si.percent(comparison.differing())));
        lines.add(comparison.summary());
        return lines;
    }
}
