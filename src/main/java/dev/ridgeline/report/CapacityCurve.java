package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;
import static dev.ridgeline.report.Markup.text;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// What a training step costs in ever less memory: its speed over the cap, and where the time of
/// each step went.
public final class CapacityCurve {
    /// The share of the full speed that the knee keeps.
    public static final double KNEE = 0.95;

    private CapacityCurve() {}

    /// The least cap that keeps [#KNEE] of the speed under the largest; empty where nothing was
    /// measured.
    public static Optional<Row.Capacity> knee(List<Row> rows) {
        return rows.stream()
                .flatMap(r -> r.capacity().stream())
                .filter(c -> c.speed() >= KNEE)
                .min(Comparator.comparingLong(Row.Capacity::capBytes));
    }

    /// Nothing if the file has no capped step.
    static Markup of(ResultFile file) {
        var rows =
                file.rows().stream()
                        .filter(r -> r.capacity().isPresent())
                        .sorted(Comparator.comparingLong(r -> -capacity(r).capBytes()))
                        .toList();
        if (rows.isEmpty()) return Markup.NOTHING;
        return all(
                el("p", summary(rows), css("sum")),
                legend(),
                el("div", css("wide"), new CapacityPlot(rows, 1120, 420).svg()),
                el("div", css("narrow"), new CapacityPlot(rows, 360, 340).svg()),
                times(rows),
                details(rows));
    }

    static Row.Capacity capacity(Row row) {
        return row.capacity().orElseThrow();
    }

    private static double seconds(Row row) {
        return row.seconds().orElseThrow().median();
    }

    /// Of the working set.
    static double memory(Row row) {
        return (double) capacity(row).capBytes() / capacity(row).workingSetBytes();
    }

    static double speed(Row row) {
        return capacity(row).speed();
    }

    static double predicted(Row row) {
        return speed(row) * seconds(row) / capacity(row).predicted();
    }

    private static String summary(List<Row> rows) {
        var least = rows.getLast();
        var knee =
                knee(rows)
                        .map(
                                k ->
                                        "The knee is at %s: the least memory tried that keeps %s of the speed. "
                                                .formatted(
                                                        Si.binaryBytes(k.capBytes()),
                                                        Si.percent(KNEE)))
                        .orElse("");
        return "%s needs %s. %sWith %s, the least that was tried, it keeps %s. Every cap gave the same losses, bit by bit."
                .formatted(
                        least.variant().replaceFirst(" cap .*", ""),
                        Si.binaryBytes(capacity(least).workingSetBytes()),
                        knee,
                        Si.binaryBytes(capacity(least).capBytes()),
                        Si.percent(speed(least)));
    }

    private static Markup legend() {
        return el(
                "ul",
                css("legend curve"),
                key("measured", "speed as measured"),
                key("predicted", "as predicted before the run"),
                key("knee", "knee"));
    }

    private static Markup key(String style, String label) {
        return el(
                "li",
                el(
                        "svg",
                        css(style),
                        at("viewBox", "-14 -7 28 14"),
                        at("aria-hidden", true),
                        el("path", at("d", "M-13 0H13"))),
                text(label));
    }

    static String cap(Row row) {
        return Si.binaryBytes(capacity(row).capBytes());
    }

    /// A bar per cap: computing, waiting for copies, and a mark at the prediction.
    private static Markup times(List<Row> rows) {
        double longest =
                rows.stream()
                        .mapToDouble(r -> Math.max(seconds(r), capacity(r).predicted()))
                        .max()
                        .orElseThrow();
        return el(
                "section",
                css("group steps"),
                el("h4", "Where the time of a step went"),
                el(
                        "p",
                        "The full bar is the time of a step; its lighter end is time that the"
                                + " computation waited for copies. The mark is what was predicted.",
                        css("how")),
                all(rows.stream().map(r -> bar(r, longest))));
    }

    private static Markup bar(Row row, double longest) {
        var c = capacity(row);
        double computing = Math.max(0, seconds(row) - c.stall()) / longest;
        return el(
                "div",
                css("bar"),
                el("span", css("what"), el("b", c.name()), el("small", " " + cap(row))),
                el(
                        "svg",
                        at("aria-hidden", true),
                        rect("track", 0, 1, 3, 10),
                        rect("waiting", 0, seconds(row) / longest, 3, 10),
                        rect("value", 0, computing, 3, 10),
                        rect("limit", c.predicted() / longest, -1, 0, 16)),
                el("span", Si.seconds(seconds(row)), css("number")));
    }

    /// @param to negative for a mark
    private static Markup rect(String name, double from, double to, int y, int height) {
        return el(
                "rect",
                css(name),
                at("x", Si.fixed(99 * from, 2) + "%"),
                at("width", to < 0 ? "2" : Si.fixed(99 * (to - from), 2) + "%"),
                at("y", y),
                at("height", height));
    }

    private static Markup details(List<Row> rows) {
        return el(
                "dl",
                css("pairs caps"),
                all(
                        rows.stream()
                                .map(
                                        r ->
                                                el(
                                                        "div",
                                                        el("dt", capacity(r).name()),
                                                        el("dd", sentence(r))))));
    }

    private static String sentence(Row row) {
        var c = capacity(row);
        var moved =
                c.in() + c.out() == 0
                        ? ""
                        : " Copies %s in and %s out per step in %s%s; %s of what could be hidden was; the step took %s %s than the longer of computing and copying and the planned waits."
                                .formatted(
                                        Si.scaled(c.in(), 3, "B"),
                                        Si.scaled(c.out(), 3, "B"),
                                        Si.seconds(c.copying()),
                                        c.ofLeast()
                                                .map(
                                                        m ->
                                                                Si.format(
                                                                        ", %.3f times the least"
                                                                            + " that any plan could"
                                                                            + " copy in that"
                                                                            + " memory",
                                                                        m))
                                                .orElse(""),
                                        Si.percent(c.overlap()),
                                        Si.percent(Math.abs(c.excess())),
                                        c.excess() < 0 ? "less" : "more");
        return "%s.%s Predicted %s, an error of %s. Why: %s."
                .formatted(
                        capitalized(c.strategy()),
                        moved,
                        Si.seconds(c.predicted()),
                        Si.format("%+.1f %%", 100 * c.error()),
                        c.reason());
    }

    private static String capitalized(String text) {
        return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }
}
