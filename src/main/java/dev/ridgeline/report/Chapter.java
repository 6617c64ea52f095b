package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;
import static dev.ridgeline.report.Markup.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// The part of a page that shows one file.
final class Chapter {
    private final String id;
    private final String name;
    private final ResultFile file;

    private Chapter(String id, String name, ResultFile file) {
        this.id = id;
        this.name = name;
        this.file = file;
    }

    /// @param id unique in the page; the ids inside begin with it
    static Markup of(String id, String name, ResultFile file) {
        return new Chapter(id, name, file).render();
    }

    private Markup render() {
        var rowIds = id + "-row-";
        return el(
                "article",
                at("id", id),
                heading(),
                warnings(),
                tiles(),
                section(
                        "What memory buys",
                        "The same training step in ever less device memory. What does not fit is"
                            + " kept in memory beyond the device and copied in and out beside the"
                            + " computation, planned ahead. While copies hide behind computing,"
                            + " less memory costs nothing; past the knee the step waits for the"
                            + " link.",
                        CapacityCurve.of(file)),
                section(
                        "Roofline",
                        "A point is a kernel on a shape: its rate over the work it does per byte it"
                            + " must move. The lines are what this device was measured at, not what"
                            + " its vendor promises; a point over a line found its operands in"
                            + " cache. Hollow points used fewer threads.",
                        RooflinePlot.of(file, rowIds)),
                section(
                        "Share of the ceiling",
                        "How much of the measured limit that binds it a kernel reaches, higher is"
                            + " better. The mark is the ceiling, the thin line the 95 % interval.",
                        ShareBars.of(file, rowIds)),
                section(
                        "Results",
                        "The median time of a launch and its 95 % interval, drawn between marks at"
                                + " the ±"
                                + Si.percent(file.protocol().maxNoise())
                                + " allowed: read a noisy row, whose interval is wider, as a range."
                                + " Every row was proven right before it was timed; its error is a"
                                + " share of the tolerance.",
                        RowTable.of(file, rowIds)),
                section(
                        "Ceilings",
                        "Measured on this device in every round of the run, so that a share"
                                + " compares a row and its ceiling under the same clock.",
                        Environment.ceilings(file)),
                section(
                        "Environment",
                        "What was measured, on what, and how: enough to do it again.",
                        Environment.of(file)));
    }

    private Markup section(String title, String howToRead, Markup content) {
        if (content == Markup.NOTHING) return content;
        return el("section", el("h3", title), el("p", howToRead, css("how")), content);
    }

    private Markup heading() {
        var build = file.ridgeline();
        return el(
                "header",
                el("p", name, css("name")),
                el(
                        "h2",
                        String.join(
                                "; ",
                                file.devices().stream()
                                        .map(ResultFile.DeviceRecord::description)
                                        .distinct()
                                        .toList())),
                el(
                        "p",
                        css("facts"),
                        all(
                                Stream.concat(
                                                Devices.byName(file).values().stream()
                                                        .map(Chapter::facts),
                                                Stream.of(
                                                        file.protocol().cold()
                                                                ? "cold cache"
                                                                : "hot cache",
                                                        file.created()
                                                                .replaceFirst(
                                                                        "T(\\d+:\\d+).*Z",
                                                                        " $1 UTC"),
                                                        "ridgeline %s, %s"
                                                                .formatted(
                                                                        build.version(),
                                                                        shortCommit())))
                                        .map(fact -> el("span", fact)))));
    }

    /// `cpu, 1 and 2 threads, 256-bit vectors`.
    private static String facts(List<ResultFile.DeviceRecord> device) {
        var first = device.getFirst();
        return first.name()
                + ", "
                + Devices.threads(device)
                + first.vectorBits().map(bits -> ", " + bits + "-bit vectors").orElse("");
    }

    private String shortCommit() {
        var commit = file.ridgeline().commit();
        return commit.substring(0, Math.min(10, commit.length()));
    }

    private Markup warnings() {
        var warnings = new ArrayList<String>();
        if (!file.complete())
            warnings.add("The run did not end as it should; these are the rows it had until then.");
        if (file.ridgeline().dirty()) warnings.add("The build had changes that are in no commit.");
        for (var status : List.of(Row.Status.WRONG, Row.Status.FAILED)) {
            long count = file.rows().stream().filter(r -> r.status() == status).count();
            if (count > 0)
                warnings.add(
                        Si.count(count, "row")
                                + (status == Row.Status.WRONG
                                        ? " gave wrong results; see the table."
                                        : " failed; see the table."));
        }
        long noisy = file.rows().stream().filter(Row::noisy).count();
        if (noisy > 0)
            warnings.add(
                    "Noisy: the interval of %s is wider than the ±%s asked for."
                            .formatted(
                                    Si.count(noisy, "row"),
                                    Si.percent(file.protocol().maxNoise())));
        return warnings.isEmpty()
                ? Markup.NOTHING
                : el("ul", css("warnings"), all(warnings.stream().map(w -> el("li", w))));
    }

    private Markup tiles() {
        long measured = file.rows().stream().filter(r -> r.seconds().isPresent()).count();
        return el(
                "dl",
                css("tiles"),
                all(
                        Stream.of(
                                        highest("flop/s").map(c -> tile("compute ceiling", c)),
                                        highest("byte/s").map(c -> tile("memory ceiling", c)),
                                        fastest(),
                                        Optional.of(
                                                tile(
                                                        "rows measured",
                                                        measured + " of " + file.rows().size(),
                                                        unmeasured())))
                                .flatMap(Optional::stream)));
    }

    private Optional<ResultFile.CeilingRecord> highest(String unit) {
        return file.ceilings().stream()
                .filter(c -> c.unit().equals(unit))
                .max(Comparator.comparingDouble(ResultFile.CeilingRecord::value));
    }

    private static Markup tile(String title, ResultFile.CeilingRecord ceiling) {
        return tile(title, Si.rate(ceiling.value(), ceiling.unit()), ceiling.name());
    }

    private Optional<Markup> fastest() {
        return file.rows().stream()
                .filter(r -> Family.of(r.op()) != Family.CEILING && !r.noisy())
                .filter(r -> r.rate().filter(rate -> rate.unit().equals("flop/s")).isPresent())
                .max(Comparator.comparingDouble(r -> r.rate().orElseThrow().value()))
                .map(
                        r ->
                                tile(
                                        "fastest row",
                                        Si.rate(r.rate().orElseThrow().value(), "flop/s"),
                                        r.op() + " " + Table.sizes(r) + " " + r.dtype()));
    }

    private String unmeasured() {
        var counts =
                Stream.of(Row.Status.WRONG, Row.Status.FAILED, Row.Status.REFUSED)
                        .map(
                                s ->
                                        counted(
                                                s,
                                                file.rows().stream()
                                                        .filter(r -> r.status() == s)
                                                        .count()))
                        .filter(text -> !text.isEmpty())
                        .toList();
        return counts.isEmpty() ? "each proven right first" : String.join(", ", counts);
    }

    private static String counted(Row.Status status, long count) {
        return count == 0 ? "" : count + " " + status.name().toLowerCase(Locale.ROOT);
    }

    private static Markup tile(String title, String value, String detail) {
        return el("div", el("dt", title), el("dd", el("b", value), el("small", detail)));
    }
}
