package dev.ridgeline.report;

import static dev.ridgeline.report.CapacityCurve.cap;
import static dev.ridgeline.report.CapacityCurve.capacity;
import static dev.ridgeline.report.CapacityCurve.memory;
import static dev.ridgeline.report.CapacityCurve.predicted;
import static dev.ridgeline.report.CapacityCurve.speed;
import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;

import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/// The speed of a step over its memory, measured beside predicted, as a drawing.
final class CapacityPlot {
    private static final int NARROW = 500;

    private final List<Row> rows;
    private final int width;
    private final int height;
    private final double most;
    private final double fastest;

    CapacityPlot(List<Row> rows, int width, int height) {
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

    Markup svg() {
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
                CapacityCurve.knee(rows).map(this::knee).orElse(Markup.NOTHING),
                line("predicted", CapacityCurve::predicted),
                line("measured", CapacityCurve::speed),
                el("g", css("names"), all(rows.stream().map(this::name))));
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
}
