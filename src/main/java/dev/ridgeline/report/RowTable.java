package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;
import static dev.ridgeline.report.Markup.text;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The rows of one file as a table that can be sorted and filtered.
final class RowTable {
    private RowTable() {}

    static Markup of(ResultFile file, String rowIds) {
        var columns =
                List.of(
                        SortableTable.Column.text("Op"),
                        SortableTable.Column.text("Shape"),
                        SortableTable.Column.text("Type"),
                        SortableTable.Column.text("Kernel"),
                        SortableTable.Column.number("Threads"),
                        SortableTable.Column.number("Median"),
                        SortableTable.Column.number("95 %"),
                        SortableTable.Column.number("Rate"),
                        SortableTable.Column.number("Share"),
                        SortableTable.Column.number("Error"),
                        SortableTable.Column.text("Verdict"));
        var proofs =
                file.rows().stream()
                        .flatMap(r -> r.verified().stream())
                        .map(Row.Proof::how)
                        .distinct()
                        .toList();
        return all(
                SortableTable.of(
                        rowIds + "table",
                        columns,
                        file.rows().stream().map(Row::op).distinct().toList(),
                        all(
                                IntStream.range(0, file.rows().size())
                                        .mapToObj(
                                                i ->
                                                        row(
                                                                file,
                                                                proofs,
                                                                file.rows().get(i),
                                                                rowIds + i)))),
                el("ol", css("proofs"), all(proofs.stream().map(how -> el("li", how)))));
    }

    private static Markup row(ResultFile file, List<String> proofs, Row row, String id) {
        return el(
                "tr",
                at("id", id),
                at("data-op", row.op()),
                el("th", row.op(), at("scope", "row"), css(Family.of(row.op()).style())),
                cell("Shape", Markup.text(row.workload())),
                cell("Type", text(row.dtype())),
                cell("Kernel", kernel(row)),
                number("Threads", row.threads(), text(row.threads())),
                row.seconds().isPresent() ? measured(file, proofs, row) : unmeasured(row));
    }

    private static Markup kernel(Row row) {
        var code = el("code", row.idea());
        return row.occupancy()
                .map(
                        launches ->
                                el(
                                        "span",
                                        at(
                                                "data-tip",
                                                launches.stream()
                                                        .map(RowTable::occupancy)
                                                        .collect(Collectors.joining("\n"))),
                                        code))
                .orElse(code);
    }

    private static String occupancy(Row.Occupancy of) {
        return Si.format(
                "%s: %d x %d threads a multiprocessor (%s), %d registers%s, %,d bytes shared",
                of.entry(),
                of.blocks(),
                of.threads(),
                Si.percent(of.share()),
                of.registers(),
                of.localBytes() > 0 ? " and %d bytes local".formatted(of.localBytes()) : "",
                of.sharedBytes());
    }

    private static Markup measured(ResultFile file, List<String> proofs, Row row) {
        var seconds = row.seconds().orElseThrow();
        var rate = row.rate().orElseThrow();
        var verdict = row.noisy() ? "noisy" : "quiet";
        return all(
                number("Median", seconds.median(), text(Si.seconds(seconds.median()))),
                number(
                        "95 %",
                        seconds.noise(),
                        IntervalBar.of(seconds, file.protocol().maxNoise()),
                        text(Si.plusMinus(seconds.noise()))),
                number("Rate", rate.value(), text(Si.rate(rate.value(), rate.unit()))),
                row.share()
                        .map(
                                s ->
                                        number(
                                                "Share",
                                                s.value(),
                                                tip("of " + s.ceiling(), Si.percent(s.value()))))
                        .orElseGet(() -> cell("Share")),
                row.verified()
                        .map(
                                p ->
                                        number(
                                                "Error",
                                                p.worst(),
                                                tip(proof(p), Si.fixed(p.worst(), 2)),
                                                el(
                                                        "sup",
                                                        String.valueOf(
                                                                proofs.indexOf(p.how()) + 1))))
                        .orElseGet(() -> cell("Error")),
                cell("Verdict", el("span", verdict, css("chip " + verdict))));
    }

    private static String proof(Row.Proof proof) {
        return Si.format(
                "Proven right\n%s, %,d elements; the largest error is %s of the tolerance",
                proof.how(), proof.elements(), Si.percent(proof.worst()));
    }

    /// One cell for all that was not measured.
    private static Markup unmeasured(Row row) {
        var status = row.status().name().toLowerCase(Locale.ROOT);
        return el(
                "td",
                css("unmeasured"),
                at("colspan", 6),
                el("span", status, css("chip " + status)),
                text(" "),
                el("span", row.reason().orElse("no reason given"), css("reason")));
    }

    private static Markup tip(String details, String shown) {
        return el("span", shown, at("data-tip", details));
    }

    static Markup cell(String label, Markup... content) {
        return el("td", at("data-label", label), all(content));
    }

    static Markup number(String label, double value, Markup... content) {
        return el(
                "td",
                css("number"),
                at("data-label", label),
                at("data-value", value),
                all(content));
    }
}
