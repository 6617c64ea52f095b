package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;

/// A small drawing of an interval around its middle, with marks where something begins to count.
final class IntervalBar {
    private static final int WIDTH = 72;
    private static final int HEIGHT = 14;

    private IntervalBar() {}

    /// The 95 % interval of a median; the marks are the noise allowed.
    static Markup of(Row.Seconds s, double maxNoise) {
        return draw(
                s.low() / s.median() - 1, 0, s.high() / s.median() - 1, maxNoise, 2.5 * maxNoise);
    }

    /// The interval of a speed; the marks are the threshold, the middle line is no change.
    static Markup of(Comparison.Speed speed, double threshold, double reach) {
        return draw(speed.low() - 1, speed.ratio() - 1, speed.high() - 1, threshold, reach);
    }

    private static Markup draw(double low, double middle, double high, double mark, double reach) {
        return el(
                "svg",
                css("interval"),
                at("width", WIDTH),
                at("height", HEIGHT),
                at("viewBox", "0 0 " + WIDTH + " " + HEIGHT),
                at("aria-hidden", true),
                line("mark", x(-mark, reach), 2, 12),
                line("mark", x(mark, reach), 2, 12),
                line("zero", x(0, reach), 0, HEIGHT),
                el(
                        "path",
                        css("range"),
                        at("d", Si.format("M%.1f 7H%.1f", x(low, reach), x(high, reach)))),
                el("circle", at("cx", Si.fixed(x(middle, reach), 1)), at("cy", 7), at("r", 3)));
    }

    private static Markup line(String name, double x, int from, int to) {
        return el("path", css(name), at("d", Si.format("M%.1f %dV%d", x, from, to)));
    }

    private static double x(double share, double reach) {
        return WIDTH / 2.0 + (WIDTH / 2.0 - 4) * Math.clamp(share / reach, -1.08, 1.08);
    }
}
