package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;
import static dev.ridgeline.report.Markup.text;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The roofline of one file: rate over arithmetic intensity, both logarithmic, under the measured
/// ceilings (Williams, Waterman and Patterson, CACM 52(4), 2009).
final class RooflinePlot {
    /// A limit pair measured with the same threads of the same device.
    ///
    /// @param flops flop/s of the flat part
    /// @param bytes byte/s of the slope
    private record Roof(String device, int threads, double flops, double bytes) {
        double ridge() {
            return flops / bytes;
        }

        double at(double intensity) {
            return Math.min(flops, bytes * intensity);
        }
    }

    private final ResultFile file;
    private final Axes axes;
    private final List<Roof> roofs;
    private final List<Row> points;
    private final String rowIds;
    private final Labels labels = new Labels();

    private RooflinePlot(ResultFile file, String rowIds, int width, int height) {
        this.file = file;
        this.rowIds = rowIds;
        roofs = roofs(file);
        points = points(file);
        axes =
                Axes.around(
                        width,
                        height,
                        DoubleStream.concat(
                                        points.stream().mapToDouble(RooflinePlot::intensity),
                                        roofs.stream().mapToDouble(Roof::ridge))
                                .toArray(),
                        DoubleStream.concat(
                                        points.stream().mapToDouble(RooflinePlot::rate),
                                        roofs.stream().mapToDouble(Roof::flops))
                                .toArray());
    }

    /// The plot for wide and for narrow pages, of which the style sheet shows one; nothing if the
    /// file has no roof or no row with flops.
    ///
    /// @param rowIds what the ids of the table's rows begin with: points link to them
    static Markup of(ResultFile file, String rowIds) {
        if (roofs(file).isEmpty() || points(file).isEmpty()) return Markup.NOTHING;
        return all(
                legend(file),
                el("div", css("wide"), new RooflinePlot(file, rowIds, 1120, 560).svg()),
                el("div", css("narrow"), new RooflinePlot(file, rowIds, 360, 420).svg()));
    }

    private static List<Row> points(ResultFile file) {
        return file.rows().stream()
                .filter(r -> r.seconds().isPresent() && r.flops() > 0 && r.bytes() > 0)
                .toList();
    }

    private static List<Roof> roofs(ResultFile file) {
        var found = new LinkedHashMap<String, Roof>();
        for (var c : file.ceilings()) {
            var flops = best(file, c.device(), c.threads(), "flop/s");
            var bytes = best(file, c.device(), c.threads(), "byte/s");
            if (flops.isPresent() && bytes.isPresent())
                found.put(
                        c.device() + " " + c.threads(),
                        new Roof(c.device(), c.threads(), flops.get(), bytes.get()));
        }
        return found.values().stream().sorted(Comparator.comparingDouble(Roof::flops)).toList();
    }

    private static Optional<Double> best(ResultFile file, String device, int threads, String unit) {
        return file.ceilings().stream()
                .filter(c -> c.device().equals(device) && c.threads() == threads)
                .filter(c -> c.unit().equals(unit))
                .map(ResultFile.CeilingRecord::value)
                .max(Comparator.naturalOrder());
    }

    private static double intensity(Row row) {
        return row.flops() / row.bytes();
    }

    private static double rate(Row row) {
        return row.flops() / row.seconds().orElseThrow().median();
    }

    private static Markup legend(ResultFile file) {
        var families = points(file).stream().map(r -> Family.of(r.op())).distinct().sorted();
        return el(
                "ul",
                css("legend"),
                all(
                        families.map(
                                f ->
                                        el(
                                                "li",
                                                css(f.style()),
                                                el(
                                                        "svg",
                                                        at("viewBox", "-7 -7 14 14"),
                                                        at("aria-hidden", true),
                                                        f.marker()),
                                                text(f.label())))));
    }

    private Markup svg() {
        points.forEach(p -> labels.occupy(axes.x(intensity(p)), axes.y(rate(p)), 13, 13));
        roofs.forEach(this::occupy);
        // labels of roofs come first: points keep clear of them
        var roofLines = all(roofs.stream().map(this::roof));
        return el(
                "svg",
                css("plot"),
                at("viewBox", "0 0 " + axes.width() + " " + axes.height()),
                at("role", "group"),
                at(
                        "aria-label",
                        "Roofline: rate over arithmetic intensity, " + points.size() + " rows"),
                axes.grid(),
                roofLines,
                el("g", css("names"), all(names())),
                el("g", css("points"), all(points.stream().map(this::point))));
    }

    private void occupy(Roof roof) {
        IntStream.rangeClosed((int) axes.left() / 3, (int) axes.right() / 3)
                .mapToDouble(i -> i * 3.0)
                .filter(x -> roof.at(axes.intensity(x)) > axes.lowest())
                .forEach(x -> labels.occupy(x, axes.y(roof.at(axes.intensity(x))), 3, 3));
    }

    private Markup roof(Roof roof) {
        double from = Math.max(axes.leftmost(), axes.lowest() / roof.bytes());
        double ridge = Math.clamp(roof.ridge(), from, axes.rightmost());
        double ridgeX = axes.x(ridge);
        double ridgeY = axes.y(roof.at(ridge));
        boolean several = roofs.stream().map(Roof::device).distinct().count() > 1;
        var who =
                axes.narrow()
                        ? ""
                        : ", "
                                + Si.count(roof.threads(), "thread")
                                + (several ? " of " + roof.device() : "");
        double fromX = axes.x(from);
        double fromY = axes.y(roof.at(from));
        return el(
                "g",
                css(roof.equals(roofs.getLast()) ? "roof highest" : "roof"),
                el(
                        "path",
                        at(
                                "d",
                                Si.format(
                                        "M%.1f %.1fL%.1f %.1fH%.1f",
                                        fromX, fromY, ridgeX, ridgeY, axes.right()))),
                all(
                        Stream.of(
                                        labels.along(
                                                axes,
                                                ridgeX,
                                                ridgeY,
                                                axes.right(),
                                                ridgeY,
                                                Si.rate(roof.flops(), "flop/s") + who),
                                        labels.along(
                                                axes,
                                                fromX,
                                                fromY,
                                                ridgeX,
                                                ridgeY,
                                                Si.rate(roof.bytes(), "byte/s") + who))
                                .flatMap(Optional::stream)));
    }

    /// The op's name beside its fastest point, where there is room.
    private Stream<Markup> names() {
        return points.stream()
                .map(Row::op)
                .distinct()
                .flatMap(
                        op -> {
                            var best =
                                    points.stream()
                                            .filter(p -> p.op().equals(op))
                                            .max(Comparator.comparingDouble(RooflinePlot::rate))
                                            .orElseThrow();
                            return labels
                                    .place(axes, axes.x(intensity(best)), axes.y(rate(best)), op)
                                    .stream();
                        });
    }

    private Markup point(Row row) {
        boolean most = row.threads() == roofs.getLast().threads();
        var number = file.rows().indexOf(row);
        var tip = tip(row);
        return el(
                "a",
                css("point " + Family.of(row.op()).style() + (most ? "" : " hollow")),
                at("href", "#" + rowIds + number),
                at("data-tip", tip),
                at("aria-label", tip.replace("\n", ", ")),
                at(
                        "transform",
                        Si.format(
                                "translate(%.1f %.1f)", axes.x(intensity(row)), axes.y(rate(row)))),
                Family.of(row.op()).marker());
    }

    private static String tip(Row row) {
        return Stream.of(
                        Optional.of(row.op() + " " + row.workload() + " " + row.dtype()),
                        Optional.of(row.idea() + ", " + Si.count(row.threads(), "thread")),
                        Optional.of(
                                "%s at %s flop/byte"
                                        .formatted(
                                                Si.rate(rate(row), "flop/s"),
                                                Si.plain(intensity(row)))),
                        row.share().map(s -> Si.percent(s.value()) + " of " + s.ceiling()),
                        row.seconds()
                                .map(s -> Si.seconds(s.median()) + " " + Si.plusMinus(s.noise())),
                        row.noisy() ? Optional.of("noisy") : Optional.<String>empty())
                .flatMap(Optional::stream)
                .collect(Collectors.joining("\n"));
    }
}
