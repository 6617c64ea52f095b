package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// A logarithmic frame: intensity in flop per byte to the right, flop/s upwards, pixels in SVG's
/// directions.
record Axes(
        int width, int height, double leftmost, double rightmost, double lowest, double highest) {
    private static final int NARROW = 600;

    /// A frame that holds these values with some room on every side.
    static Axes around(int width, int height, double[] intensities, double[] rates) {
        return new Axes(
                width,
                height,
                Arrays.stream(intensities).min().orElseThrow() / 2,
                Arrays.stream(intensities).max().orElseThrow() * 2.5,
                Arrays.stream(rates).min().orElseThrow() / 2,
                Arrays.stream(rates).max().orElseThrow() * 2);
    }

    boolean narrow() {
        return width < NARROW;
    }

    double left() {
        return narrow() ? 46 : 92;
    }

    double right() {
        return width - 8.0;
    }

    private double top() {
        return 26;
    }

    private double bottom() {
        return height - 46.0;
    }

    double x(double intensity) {
        return left()
                + (right() - left())
                        * Math.log(intensity / leftmost)
                        / Math.log(rightmost / leftmost);
    }

    double y(double rate) {
        return bottom() - (bottom() - top()) * Math.log(rate / lowest) / Math.log(highest / lowest);
    }

    /// The intensity at pixel `x`.
    double intensity(double x) {
        return leftmost * Math.pow(rightmost / leftmost, (x - left()) / (right() - left()));
    }

    /// Whether a box of this centre and size is inside the frame, or in the margin above it.
    boolean holds(double x, double y, double w, double h) {
        return x - w / 2 >= left() && x + w / 2 <= right() && y >= h / 2 && y + h / 2 <= bottom();
    }

    Markup grid() {
        var vertical =
                decades(leftmost, rightmost)
                        .flatMap(
                                d ->
                                        Stream.of(
                                                line(x(d), top(), x(d), bottom()),
                                                label(x(d), bottom() + 18, "middle", plain(d))));
        var horizontal =
                decades(lowest, highest)
                        .flatMap(
                                d ->
                                        Stream.of(
                                                line(left(), y(d), right(), y(d)),
                                                label(
                                                        left() - 8,
                                                        y(d) + 4,
                                                        "end",
                                                        Si.scaled(
                                                                d, 1, narrow() ? "" : "FLOP/s"))));
        return el(
                "g",
                css("grid"),
                at("aria-hidden", true),
                all(vertical),
                all(horizontal),
                label(
                        left() - 8,
                        14,
                        narrow() ? "start" : "end",
                        narrow() ? "rate, FLOP/s" : "rate"),
                label(
                        right(),
                        height - 8.0,
                        "end",
                        narrow()
                                ? "arithmetic intensity, flop per byte"
                                : "arithmetic intensity, flop per byte of memory traffic"));
    }

    /// Powers of ten inside the range.
    private static Stream<Double> decades(double from, double to) {
        return IntStream.rangeClosed(
                        (int) Math.ceil(Math.log10(from)), (int) Math.floor(Math.log10(to)))
                .mapToObj(p -> Math.pow(10, p));
    }

    private static String plain(double power) {
        return power < 1
                ? Si.fixed(power, (int) -Math.rint(Math.log10(power)))
                : Si.fixed(power, 0);
    }

    private static Markup line(double x1, double y1, double x2, double y2) {
        return el("path", at("d", Si.format("M%.1f %.1fL%.1f %.1f", x1, y1, x2, y2)));
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
