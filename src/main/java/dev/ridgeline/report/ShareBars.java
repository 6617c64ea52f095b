package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;

import java.util.List;

/// Bars of the share of the ceiling, by op and shape, with the interval as a whisker.
final class ShareBars {
    private final ResultFile file;
    private final String rowIds;
    // of the bar's full width, as a share of the ceiling
    private final double full;

    private ShareBars(ResultFile file, String rowIds) {
        this.file = file;
        this.rowIds = rowIds;
        full =
                file.rows().stream()
                        .flatMap(r -> r.share().stream())
                        .mapToDouble(s -> 1.06 * s.value())
                        .reduce(1.1, Math::max);
    }

    /// Nothing if no row has a share.
    static Markup of(ResultFile file, String rowIds) {
        var bars = new ShareBars(file, rowIds);
        var shared = file.rows().stream().filter(r -> r.share().isPresent()).toList();
        if (shared.isEmpty()) return Markup.NOTHING;
        return el(
                "div",
                css("bars"),
                all(
                        Table.group(shared).entrySet().stream()
                                .map(g -> bars.group(g.getKey(), g.getValue()))));
    }

    private Markup group(String heading, List<Row> rows) {
        return rows.size() == 1
                ? bar(rows.getFirst(), rows.getFirst().op(), rows.getFirst().workload())
                : el(
                        "section",
                        css("group"),
                        el("h4", heading),
                        all(rows.stream().map(row -> bar(row, Table.sizes(row), row.idea()))));
    }

    private Markup bar(Row row, String name, String detail) {
        var share = row.share().orElseThrow();
        var seconds = row.seconds().orElseThrow();
        double low = share.value() * seconds.median() / seconds.high();
        double high =
                share.value()
                        * seconds.median()
                        / (seconds.low() > 0 ? seconds.low() : seconds.min());
        return el(
                "a",
                css("bar " + Family.of(row.op()).style()),
                at("href", "#" + rowIds + file.rows().indexOf(row)),
                el(
                        "span",
                        css("what"),
                        el("b", name),
                        el("small", " " + row.dtype() + " " + detail)),
                el(
                        "svg",
                        at("aria-hidden", true),
                        rect("track", 0, 1, 3, 10),
                        rect("value", 0, share.value(), 3, 10),
                        rect("whisker", low, high, 7, 2),
                        rect("limit", 1, 1, 0, 16)),
                el("span", Si.percent(share.value()), css("number")));
    }

    private Markup rect(String name, double from, double to, int y, int height) {
        return el(
                "rect",
                css(name),
                at("x", width(from)),
                at("width", name.equals("limit") ? "1" : width(to - from)),
                at("y", y),
                at("height", height));
    }

    private String width(double share) {
        return Si.fixed(100 * Math.clamp(share / full, 0, 1), 2) + "%";
    }
}
