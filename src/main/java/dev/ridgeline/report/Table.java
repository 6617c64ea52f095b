package dev.ridgeline.report;

import static dev.ridgeline.report.Columns.Column.left;
import static dev.ridgeline.report.Columns.Column.right;

import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// What a terminal shows of a run. Plain text without colour, so that a pipe gets the same.
public final class Table {
    private final ResultFile file;
    private final Charset charset;
    private final boolean compact;
    // what the legend explains, in the order of the table
    private final List<String> ceilings = new ArrayList<>();
    private final List<String> proofs = new ArrayList<>();
    private final List<String> reasons = new ArrayList<>();

    private Table(ResultFile file, Charset charset, boolean compact) {
        this.file = file;
        this.charset = charset;
        this.compact = compact;
    }

    /// Every row, grouped by op, and below them the ceilings, proofs and reasons they refer to.
    ///
    /// @param width columns of the terminal; where the full table does not fit, it is drawn closer
    ///   and without the proofs
    /// @param charset of the terminal; one without `±` gets ASCII
    public static String of(ResultFile file, int width, Charset charset) {
        var full = new Table(file, charset, false);
        var rows = full.rows();
        if (rows.lines().allMatch(line -> line.length() <= width)) return rows + full.legend(width);
        var close = new Table(file, charset, true);
        return close.rows() + close.legend(width);
    }

    private String rows() {
        var table =
                new Columns(
                        compact ? 1 : 2,
                        charset,
                        List.of(
                                left("shape"),
                                left("dtype"),
                                left("kernel"),
                                right("median"),
                                right("95 %"),
                                right("rate"),
                                right("share"),
                                left(compact ? "" : "proof"),
                                left("")));
        group(file.rows())
                .forEach(
                        (heading, rows) -> {
                            table.heading(heading);
                            rows.forEach(row -> table.add(cells(row)));
                        });
        return table.render();
    }

    /// Rows under one heading each: `gemm m x n x k, 2 threads`. Threads and device are named where
    /// they differ within the run.
    static Map<String, List<Row>> group(List<Row> rows) {
        boolean threads = rows.stream().map(Row::threads).distinct().count() > 1;
        boolean devices = rows.stream().map(Row::device).distinct().count() > 1;
        return rows.stream()
                .collect(
                        Collectors.groupingBy(
                                row ->
                                        row.op()
                                                + " "
                                                + String.join(" x ", row.shape().keySet())
                                                + (threads
                                                        ? ", " + Si.count(row.threads(), "thread")
                                                        : "")
                                                + (devices ? ", " + row.device() : ""),
                                LinkedHashMap::new,
                                Collectors.toList()));
    }

    /// `nt 256x2304x768`, under a heading that names the extents.
    static String sizes(Row row) {
        var sizes =
                row.shape().values().stream().map(String::valueOf).collect(Collectors.joining("x"));
        return (row.variant() + " " + sizes).strip();
    }

    private List<String> cells(Row row) {
        return List.of(
                sizes(row),
                row.dtype(),
                row.idea(),
                row.seconds().map(s -> Si.seconds(s.median())).orElse(""),
                row.seconds().map(s -> Si.plusMinus(s.noise())).orElse(""),
                row.rate().map(r -> Si.rate(r.value(), r.unit())).orElseGet(() -> unmeasured(row)),
                row.share().map(s -> Si.percent(s.value()) + " " + letter(s.ceiling())).orElse(""),
                compact
                        ? ""
                        : row.verified()
                                .map(p -> Si.fixed(p.worst(), 2) + " " + number(proofs, p.how()))
                                .orElse(""),
                !row.noisy() ? "" : compact ? "!" : "noisy");
    }

    private String letter(String ceiling) {
        return Character.toString('a' + number(ceilings, ceiling) - 1);
    }

    private String unmeasured(Row row) {
        var reason = row.reason().orElse("no reason given");
        return "%s (%s)"
                .formatted(row.status().name().toLowerCase(Locale.ROOT), number(reasons, reason));
    }

    /// The number of `text` in the legend, from 1.
    private static int number(List<String> legend, String text) {
        if (!legend.contains(text)) legend.add(text);
        return legend.indexOf(text) + 1;
    }

    private String legend(int width) {
        var legend = new Columns(2, charset, List.of(left(""), left(""), right(""), right("")));
        legend.heading("");
        if (!ceilings.isEmpty()) legend.heading("share: of what this device was measured at");
        for (var ceiling : file.ceilings())
            if (ceilings.contains(ceiling.name())) legend.add(cells(ceiling));
        if (!proofs.isEmpty())
            legend.heading("proof: largest error as a share of the tolerance, from comparing");
        for (var how : proofs) legend.heading("  %s  %s".formatted(number(proofs, how), how));
        if (file.rows().stream().anyMatch(Row::noisy))
            legend.heading(
                    "%s: the interval is wider than the ±%s asked for"
                            .formatted(
                                    compact ? "!" : "noisy",
                                    Si.percent(file.protocol().maxNoise())));
        for (var why : reasons)
            wrap("(%s) %s".formatted(number(reasons, why), why), width).forEach(legend::heading);
        return legend.render();
    }

    /// Breaks between words; the lines after the first are indented.
    private static List<String> wrap(String text, int width) {
        var lines = new ArrayList<String>();
        var line = new StringBuilder();
        for (var word : text.split(" ")) {
            if (!line.toString().isBlank() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line = new StringBuilder("   ");
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    private List<String> cells(ResultFile.CeilingRecord c) {
        return List.of(
                letter(c.name()), c.name(), Si.rate(c.value(), c.unit()), Si.plusMinus(c.noise()));
    }
}
