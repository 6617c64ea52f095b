package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;
import static dev.ridgeline.report.Markup.text;

import dev.ridgeline.report.Comparison.Pair;
import dev.ridgeline.report.Comparison.Verdict;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Several files side by side: the median in each, and the speed of every later one over the first.
final class SpeedTable {
    private final List<String> names;
    private final List<Comparison> comparisons;
    // half the width of a drawn interval, as a change of speed
    private final double reach;

    private SpeedTable(List<String> names, List<Comparison> comparisons) {
        this.names = names;
        this.comparisons = comparisons;
        reach =
                comparisons.stream()
                        .flatMap(c -> c.pairs().stream())
                        .mapToDouble(p -> Math.min(1, 1.3 * Math.abs(p.speed().ratio() - 1)))
                        .reduce(0.05, Math::max);
    }

    /// @param names of the files, the first being what the others are compared with
    /// @param comparisons of the first with each other one
    static Markup of(List<String> names, List<Comparison> comparisons) {
        return new SpeedTable(names, comparisons).render();
    }

    private Markup render() {
        var columns = new ArrayList<SortableTable.Column>();
        for (var title : List.of("Op", "Shape", "Type", "Kernel"))
            columns.add(SortableTable.Column.text(title));
        columns.add(SortableTable.Column.number("Threads"));
        columns.add(SortableTable.Column.number(names.getFirst()));
        for (var name : names.subList(1, names.size())) {
            columns.add(SortableTable.Column.number(name));
            columns.add(SortableTable.Column.number("Speed"));
            columns.add(SortableTable.Column.text("Verdict"));
        }
        var rows = comparisons.getFirst().before().rows().stream().filter(r -> !pairs(r).isEmpty());
        var shown = rows.toList();
        return all(
                SortableTable.of(
                        "speeds",
                        columns,
                        shown.stream().map(Row::op).distinct().toList(),
                        all(shown.stream().map(this::row))),
                all(comparisons.stream().map(this::rest)));
    }

    private List<Pair> pairs(Row row) {
        return comparisons.stream().flatMap(c -> pair(c, row).stream()).toList();
    }

    private static Optional<Pair> pair(Comparison comparison, Row row) {
        return comparison.pairs().stream().filter(p -> p.before() == row).findFirst();
    }

    private Markup row(Row row) {
        return el(
                "tr",
                at("data-op", row.op()),
                el("th", row.op(), at("scope", "row"), css(Family.of(row.op()).style())),
                RowTable.cell("Shape", text(row.workload())),
                RowTable.cell("Type", text(row.dtype())),
                RowTable.cell("Kernel", el("code", row.idea())),
                RowTable.number("Threads", row.threads(), text(row.threads())),
                median(names.getFirst(), row),
                all(
                        IntStream.range(0, comparisons.size())
                                .mapToObj(
                                        i ->
                                                pair(comparisons.get(i), row)
                                                        .map(
                                                                p ->
                                                                        cells(
                                                                                names.get(i + 1),
                                                                                comparisons.get(i),
                                                                                p))
                                                        .orElseGet(
                                                                () ->
                                                                        all(
                                                                                none(), none(),
                                                                                none())))));
    }

    private static Markup none() {
        return el("td", css("none"));
    }

    private static Markup median(String name, Row row) {
        double median = row.seconds().orElseThrow().median();
        return RowTable.number(name, median, text(Si.seconds(median)));
    }

    private Markup cells(String name, Comparison comparison, Pair pair) {
        var speed = pair.speed();
        var label = pair.verdict().label();
        return all(
                median(name, pair.after()),
                el(
                        "td",
                        css("number"),
                        at("data-label", "Speed"),
                        at("data-value", speed.ratio()),
                        at(
                                "data-tip",
                                "between %s and %s"
                                        .formatted(
                                                Si.fixed(speed.low(), 3),
                                                Si.fixed(speed.high(), 3))),
                        IntervalBar.of(speed, comparison.threshold(), reach),
                        text(Si.fixed(speed.ratio(), 3))),
                RowTable.cell("Verdict", el("span", label, css("chip " + label))));
    }

    /// What the table has no line for.
    private Markup rest(Comparison comparison) {
        var name = names.get(comparisons.indexOf(comparison) + 1);
        var lines = new ArrayList<String>();
        for (var row : comparison.broken())
            lines.add(
                    "%s is not measured in %s: %s"
                            .formatted(row.key(), name, row.reason().orElse("no reason given")));
        if (!comparison.onlyBefore().isEmpty())
            lines.add(
                    "only in %s: %s"
                            .formatted(
                                    names.getFirst(),
                                    Si.count(comparison.onlyBefore().size(), "row")));
        if (!comparison.onlyAfter().isEmpty())
            lines.add(
                    "only in %s: %s"
                            .formatted(name, Si.count(comparison.onlyAfter().size(), "row")));
        return lines.isEmpty()
                ? Markup.NOTHING
                : el("ul", css("rest"), all(lines.stream().map(l -> el("li", l))));
    }

    /// `clean.json: 40 rows compared, 3 faster, 37 same. Nothing got slower.`
    static Markup sentence(String name, Comparison comparison) {
        var counts =
                all(
                        Stream.of(Verdict.SLOWER, Verdict.FASTER, Verdict.UNCLEAR, Verdict.SAME)
                                .filter(v -> comparison.count(v) > 0)
                                .map(
                                        v ->
                                                el(
                                                        "span",
                                                        comparison.count(v) + " " + v.label(),
                                                        css("chip " + v.label()))));
        return el(
                "p",
                css("sum"),
                el("b", name),
                text(": %s compared. ".formatted(Si.count(comparison.pairs().size(), "row"))),
                counts,
                text(" " + comparison.summary()));
    }
}
