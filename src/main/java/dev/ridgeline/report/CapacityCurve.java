package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;
import static dev.ridgeline.report.Markup.text;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/// What a training step costs in ever less memory: its speed over the cap, measured beside
/// predicted, and where the time of each step went.
public final class CapacityCurve {
    /// The share of the full speed that the knee keeps.
    public static final double KNEE = 0.95;

    private static final int NARROW = 500;

    private final List<Row> rows;
    private final int width;
    private final int height;
    private final double most;
    private final double fastest;

    private CapacityCurve(List<Row> rows, int width, int height) {
        this.rows = rows;
        this.width = width;
        this.height = height;
        most = Math.max(1, rows.stream().mapToDouble(CapacityCurve::memory).max().orElseThrow());
        fastest =
                rows.stream()
                        .flatMapToDouble(r -> DoubleStream.of(speed(r), predicted(r)))
                        .map(s -> 1.08 * s)
                        .reduce(1.12, Math::max);
    }

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
                el("div", css("wide"), new CapacityCurve(rows, 1120, 420).svg()),
                el("div", css("narrow"), new CapacityCurve(rows, 360, 340).svg()),
                times(rows),
                details(rows));
    }

    private static Row.Capacity capacity(Row row) {
        return row.capacity().orElseThrow();
    }

    private static double seconds(Row row) {
        return row.seconds().orElseThrow().median();
    }

    /// Of the working set.
    private static double memory(Row row) {
        return (double) capacity(row).capBytes() / capacity(row).workingSetBytes();
    }

    private static double speed(Row row) {
        return capacity(row).speed();
    }

    private static double predicted(Row row) {
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

    private boolean narrow() {
        return width < NARROW;
    }

    private double left() {
        return narrow() ? 52 : 64;
    }

    private double x(double memory) {
        return left() + (width - left() - 24) * memory / most;
    }

    private double y(double speed) {
        return height - 52 - (height - 80) * speed / fastest;
    }

    private Markup svg() {
        var described =
                rows.stream()
                        .map(r -> Si.percent(speed(r)) + " of the speed with " + cap(r))
                        .collect(Collectors.joining(", "));
        return el(
                "svg",
                css("plot curve"),
                at("viewBox", "0 0 " + width + " " + height),
                at("role", "img"),
                at("aria-label", "Speed over memory: " + described),
                grid(),
                knee(rows).map(this::knee).orElse(Markup.NOTHING),
                line("predicted", CapacityCurve::predicted),
                line("measured", CapacityCurve::speed),
                el("g", css("names"), all(rows.stream().map(this::name))));
    }

    private static String cap(Row row) {
        return Si.binaryBytes(capacity(row).capBytes());
    }

    private Markup grid() {
        var ticks = Stream.of(0.0, 0.25, 0.5, 0.75, 1.0);
        var across =
                Stream.of(0.0, 0.25, 0.5, 0.75, 1.0)
                        .flatMap(
                                m ->
                                        Stream.of(
                                                path("", Si.format("M%.1f 28V%.1f", x(m), y(0))),
                                                label(x(m), y(0) + 18, "middle", tick(m))));
        var up =
                ticks.flatMap(
                        s ->
                                Stream.of(
                                        path(
                                                "",
                                                Si.format(
                                                        "M%.1f %.1fH%.1f", left(), y(s), x(most))),
                                        label(left() - 8, y(s) + 4, "end", tick(s))));
        return el(
                "g",
                css("grid"),
                at("aria-hidden", true),
                all(across),
                all(up),
                label(0, 14, "start", "speed, of that under the largest cap"),
                label(
                        x(most),
                        height - 12.0,
                        "end",
                        narrow()
                                ? "memory, of the working set"
                                : "memory that the step may use, of its working set"));
    }

    private static String tick(double share) {
        return Math.round(100 * share) + " %";
    }

    private Markup knee(Row.Capacity knee) {
        double at = x((double) knee.capBytes() / knee.workingSetBytes());
        return el(
                "g",
                css("knee"),
                path("", Si.format("M%.1f 28V%.1f", at, y(0))),
                label(at + 6, y(0) - 8, at > width - 60 ? "end" : "start", "knee"));
    }

    private Markup line(String style, ToDoubleFunction<Row> speed) {
        var points =
                rows.stream()
                        .map(r -> Si.format("%.1f %.1f", x(memory(r)), y(speed.applyAsDouble(r))))
                        .collect(Collectors.joining("L"));
        return el(
                "g",
                css(style),
                path("", "M" + points),
                all(
                        rows.stream()
                                .map(
                                        r ->
                                                el(
                                                        "circle",
                                                        at("cx", Si.fixed(x(memory(r)), 1)),
                                                        at(
                                                                "cy",
                                                                Si.fixed(
                                                                        y(speed.applyAsDouble(r)),
                                                                        1)),
                                                        at("r", 4)))));
    }

    /// The cap above its point, or below where predictions are above.
    private Markup name(Row row) {
        boolean above = speed(row) >= predicted(row);
        var name = narrow() ? capacity(row).name() : capacity(row).name() + ", " + cap(row);
        double x = x(memory(row));
        var anchor = x > width - 70 ? "end" : "middle";
        return label(x, y(speed(row)) + (above ? -11 : 21), anchor, name);
    }

    private static Markup path(String style, String d) {
        return el("path", css(style), at("d", d));
    }

    private static Markup label(double x, double y, String anchor, String text) {
        return el(
                "text",
                text,
                at("x", Si.fixed(x, 1)),
                at("y", Si.fixed(y, 1)),
                at("text-anchor", anchor));
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
                        : " Copies %s in and %s out per step in %s, %s of what could be hidden was."
                                .formatted(
                                        Si.scaled(c.in(), 3, "B"),
                                        Si.scaled(c.out(), 3, "B"),
                                        Si.seconds(c.copying()),
                                        Si.percent(c.overlap()));
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
