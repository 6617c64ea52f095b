package dev.ridgeline.cli;

import static dev.ridgeline.report.Columns.Column.left;
import static dev.ridgeline.report.Columns.Column.right;

import dev.ridgeline.report.CapacityCurve;
import dev.ridgeline.report.Columns;
import dev.ridgeline.report.Row;
import dev.ridgeline.report.Si;

import java.util.List;
import java.util.Locale;

/// A sweep over caps as text: what is expected before anything is run, and what was found.
final class CapacityText {
    private final CapacityStudy study;

    CapacityText(CapacityStudy study) {
        this.study = study;
    }

    /// What is expected, before anything is run.
    String predictions() {
        var text = new StringBuilder();
        text.append(
                String.format(
                        Locale.ROOT,
                        "%s, %d x %d tokens%s, %s, %s; working set %s, least that works %s%n",
                        study.model().name(),
                        study.options().batch() * study.options().microBatches(),
                        study.options().sequence(),
                        study.options().microBatches() > 1
                                ? " in " + study.options().microBatches() + " batches"
                                : "",
                        study.options().dtype().label(),
                        study.site(),
                        Si.binaryBytes(study.workingSet()),
                        Si.binaryBytes(study.least())));
        text.append(
                "link %s to the device, %s from it%s%n%npredicted%n"
                        .formatted(
                                Si.rate(study.speeds().in(), "byte/s"),
                                Si.rate(study.speeds().out(), "byte/s"),
                                study.speeds().duplex() ? "" : ", one way at a time"));
        var table =
                new Columns(
                        2,
                        Terminal.charset(),
                        List.of(
                                right("cap"),
                                right("memory"),
                                right("step"),
                                right("stall"),
                                left("strategy")));
        for (var c : study.cases())
            table.add(
                    c.decision()
                            .map(
                                    d ->
                                            List.of(
                                                    c.cap().name(),
                                                    Si.binaryBytes(c.bytes()),
                                                    Si.seconds(d.plan().seconds()),
                                                    Si.seconds(d.plan().stallSeconds()),
                                                    d.plan().strategy() + ": " + d.reason()))
                            .orElseGet(
                                    () ->
                                            List.of(
                                                    c.cap().name(),
                                                    Si.binaryBytes(c.bytes()),
                                                    "",
                                                    "",
                                                    study.tooSmall())));
        return text + table.render() + "\n";
    }

    /// @param rows of the study
    String results(List<Row> rows) {
        var table =
                new Columns(
                        2,
                        Terminal.charset(),
                        List.of(
                                right("cap"),
                                right("memory"),
                                right("step"),
                                right("95 %"),
                                right("token/s"),
                                right("speed"),
                                right("in"),
                                right("out"),
                                right("of least"),
                                right("stall"),
                                right("overlap"),
                                right("excess"),
                                right("predicted"),
                                right("error"),
                                left("strategy")));
        for (var row : rows)
            row.capacity()
                    .ifPresentOrElse(c -> table.add(cells(row, c)), () -> refused(table, row));
        var text = new StringBuilder("measured\n").append(table.render());
        CapacityCurve.knee(rows)
                .ifPresent(
                        knee ->
                                text.append(
                                        "%nknee: %s (%s) is the least memory tried that keeps %s of the speed under the largest%n"
                                                .formatted(
                                                        knee.name(),
                                                        Si.binaryBytes(knee.capBytes()),
                                                        Si.percent(CapacityCurve.KNEE))));
        text.append(
                """
                in, out: bytes copied per step; of least: both over the least that any plan for the same
                ops could copy in that memory, by a linear program
                stall: time that the computation waited for copies
                overlap: time in which both ran, over the shorter of computing and copying
                excess: step over the longer of computing and copying and what the plan adds to it
                """);
        if (study.cases().stream().allMatch(c -> c.wrong().isEmpty()))
            text.append("every cap gave the same losses and gradient norms, bit by bit\n");
        return text.toString();
    }

    private List<String> cells(Row row, Row.Capacity c) {
        var time = row.seconds().orElseThrow();
        return List.of(
                c.name(),
                Si.binaryBytes(c.capBytes()),
                Si.seconds(time.median()),
                Si.plusMinus(time.noise()),
                String.format(Locale.ROOT, "%.1f", study.options().tokens() / time.median()),
                Si.percent(c.speed()),
                Si.scaled(c.in(), 3, "B"),
                Si.scaled(c.out(), 3, "B"),
                c.ofLeast().map(m -> String.format(Locale.ROOT, "%.3f", m)).orElse(""),
                Si.seconds(c.stall()),
                Si.percent(c.overlap()),
                String.format(Locale.ROOT, "%+.1f %%", 100 * c.excess()),
                Si.seconds(c.predicted()),
                String.format(Locale.ROOT, "%+.1f %%", 100 * c.error()),
                c.strategy());
    }

    private static void refused(Columns table, Row row) {
        table.heading("%s: %s".formatted(row.variant(), row.reason().orElse("")));
    }
}
