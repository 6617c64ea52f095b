package dev.ridgeline.report;

import static java.util.stream.Collectors.joining;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/// The documents one result can be written as.
public enum Format {
    /// The result itself.
    JSON(ResultStore::json),
    CSV(Format::csv),
    MARKDOWN(Format::markdown),
    JUNIT(JunitXml::of),
    OPENMETRICS(OpenMetrics::of);

    private final Function<ResultFile, String> writer;

    Format(Function<ResultFile, String> writer) {
        this.writer = writer;
    }

    /// The whole document; ends in a line break.
    public String of(ResultFile file) {
        return writer.apply(file);
    }

    /// A column of the CSV, units in its title.
    private record Field(String title, Function<Row, Object> value) {}

    private static final List<Field> FIELDS =
            List.of(
                    new Field("op", Row::op),
                    new Field("workload", Row::workload),
                    new Field("dtype", Row::dtype),
                    new Field("kernel", Row::kernel),
                    new Field("device", Row::device),
                    new Field("threads", Row::threads),
                    new Field("status", Row::status),
                    new Field("reason", r -> r.reason().orElse("")),
                    new Field("verified", r -> or(r.verified(), Row.Proof::how)),
                    new Field(
                            "worst error (share of tolerance)",
                            r -> or(r.verified(), Row.Proof::worst)),
                    new Field("median (s)", r -> or(r.seconds(), Row.Seconds::median)),
                    new Field("low 95 % (s)", r -> or(r.seconds(), Row.Seconds::low)),
                    new Field("high 95 % (s)", r -> or(r.seconds(), Row.Seconds::high)),
                    new Field("min (s)", r -> or(r.seconds(), Row.Seconds::min)),
                    new Field("q25 (s)", r -> or(r.seconds(), Row.Seconds::q25)),
                    new Field("q75 (s)", r -> or(r.seconds(), Row.Seconds::q75)),
                    new Field("noise (share of median)", r -> or(r.seconds(), Row.Seconds::noise)),
                    new Field("noisy", r -> or(r.seconds(), Row.Seconds::noisy)),
                    new Field("work (flop)", Row::flops),
                    new Field("convention", Row::convention),
                    new Field("traffic (byte)", Row::bytes),
                    new Field("rate (flop/s)", r -> rate(r, "flop/s")),
                    new Field("rate (byte/s)", r -> rate(r, "byte/s")),
                    new Field("share of ceiling", r -> or(r.share(), Row.Share::value)),
                    new Field("ceiling", r -> or(r.share(), Row.Share::ceiling)),
                    new Field("cache", r -> r.cache().orElse("")));

    private static <T> Object or(Optional<T> record, Function<T, Object> component) {
        return record.map(component).orElse("");
    }

    private static Object rate(Row row, String unit) {
        return or(row.rate().filter(r -> r.unit().equals(unit)), Row.Rate::value);
    }

    /// RFC 4180: a header, then a line per row.
    private static String csv(ResultFile file) {
        var header = FIELDS.stream().map(f -> quoted(f.title())).collect(joining(","));
        var rows =
                file.rows().stream()
                        .map(
                                row ->
                                        FIELDS.stream()
                                                .map(f -> quoted(f.value().apply(row).toString()))
                                                .collect(joining(",")));
        return Stream.concat(Stream.of(header), rows).map(l -> l + "\r\n").collect(joining());
    }

    private static String quoted(String text) {
        return text.matches("(?s).*[\",\r\n].*") ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }

    private static String markdown(ResultFile file) {
        var header =
                """
                | op | shape | dtype | kernel | threads | verified | median | 95 % | rate | share | noise |
                |---|---|---|---|---:|---|---:|---:|---:|---:|---|
                """;
        return file.rows().stream().map(Format::markdown).collect(joining("", header, ""));
    }

    private static String markdown(Row row) {
        var status = row.status().name().toLowerCase(Locale.ROOT);
        return Stream.of(
                        row.op(),
                        row.workload(),
                        row.dtype(),
                        row.kernel(),
                        String.valueOf(row.threads()),
                        row.verified().map(Row.Proof::how).orElse(""),
                        row.seconds().map(s -> Si.seconds(s.median())).orElse(status),
                        row.seconds().map(s -> Si.plusMinus(s.noise())).orElse(""),
                        row.rate().map(r -> Si.rate(r.value(), r.unit())).orElse(""),
                        row.share()
                                .map(s -> Si.percent(s.value()) + " of " + s.ceiling())
                                .orElse(""),
                        row.reason().orElse(row.noisy() ? "noisy" : "quiet"))
                .map(cell -> cell.replace("\\", "\\\\").replace("|", "\\|").replaceAll("\\R", " "))
                .collect(joining(" | ", "| ", " |\n"));
    }
}
