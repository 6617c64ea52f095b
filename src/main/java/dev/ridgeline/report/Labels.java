package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.el;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Finds room for names in a plot: a name that would cover something is left out.
final class Labels {
    // of the style sheet's 12 px text; the browser's font decides, so a little wide
    private static final double CHARACTER = 6.7;
    private static final double LINE = 14;
    private static final double OFF_LINE = 13;

    /// Which end of a text its x is.
    private enum Anchor {
        START,
        MIDDLE,
        END
    }

    /// Centre and size.
    private record Box(double x, double y, double w, double h) {
        boolean touches(Box o) {
            return Math.abs(x - o.x) * 2 < w + o.w && Math.abs(y - o.y) * 2 < h + o.h;
        }

        boolean inside(Axes axes) {
            return axes.holds(x, y, w, h);
        }
    }

    /// A position beside a point, its distance in pixels.
    private record Beside(double dx, double dy, Anchor anchor) {}

    private static final List<Beside> POSITIONS =
            List.of(
                    new Beside(10, 0, Anchor.START),
                    new Beside(-10, 0, Anchor.END),
                    new Beside(0, 16, Anchor.MIDDLE),
                    new Beside(0, -16, Anchor.MIDDLE),
                    new Beside(8, 14, Anchor.START),
                    new Beside(-8, -14, Anchor.END));

    private final List<Box> taken = new ArrayList<>();

    void occupy(double x, double y, double w, double h) {
        taken.add(new Box(x, y, w, h));
    }

    /// `text` along the line from `(x1, y1)` to `(x2, y2)`, above it or else below, as near to its
    /// end as there is room; that room is then taken.
    Optional<Markup> along(Axes axes, double x1, double y1, double x2, double y2, String text) {
        double length = Math.hypot(x2 - x1, y2 - y1);
        double half = text.length() * CHARACTER / 2;
        double dx = (x2 - x1) / length;
        double dy = (y2 - y1) / length;
        for (int side : new int[] {-1, 1}) {
            for (double at = length - half - 4; at > half; at -= LINE) {
                double x = x1 + at * dx - side * OFF_LINE * dy;
                double y = y1 + at * dy + side * OFF_LINE * dx;
                var boxes = new ArrayList<Box>();
                for (double t = -half; t <= half; t += LINE / 2)
                    boxes.add(new Box(x + t * dx, y + t * dy, LINE, LINE));
                if (boxes.stream().anyMatch(this::covers)
                        || !boxes.stream().allMatch(box -> box.inside(axes))) continue;
                taken.addAll(boxes);
                return Optional.of(
                        el(
                                "text",
                                text,
                                at("text-anchor", "middle"),
                                at(
                                        "transform",
                                        Si.format(
                                                "translate(%.1f %.1f) rotate(%.1f)",
                                                x - 4 * dy,
                                                y + 4 * dx,
                                                Math.toDegrees(Math.atan2(dy, dx))))));
            }
        }
        return Optional.empty();
    }

    private boolean covers(Box box) {
        return taken.stream().anyMatch(box::touches);
    }

    private static Box box(double x, double y, String text, Anchor anchor) {
        double w = text.length() * CHARACTER;
        double centre =
                switch (anchor) {
                    case START -> x + w / 2;
                    case MIDDLE -> x;
                    case END -> x - w / 2;
                };
        return new Box(centre, y, w, LINE);
    }

    /// `text` beside `(x, y)` at the first position that is free, which is then taken.
    Optional<Markup> place(Axes axes, double x, double y, String text) {
        for (var p : POSITIONS) {
            var box = box(x + p.dx, y + p.dy, text, p.anchor);
            if (covers(box) || !box.inside(axes)) continue;
            taken.add(box);
            return Optional.of(
                    el(
                            "text",
                            text,
                            at("x", Si.fixed(x + p.dx, 1)),
                            at("y", Si.fixed(y + p.dy + 4, 1)),
                            at("text-anchor", p.anchor.name().toLowerCase(Locale.ROOT))));
        }
        return Optional.empty();
    }
}
