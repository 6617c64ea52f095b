package dev.ridgeline.cli;

import static dev.ridgeline.report.Columns.Column.left;
import static dev.ridgeline.report.Columns.Column.right;

import dev.ridgeline.measure.CampaignCase;
import dev.ridgeline.op.Op;
import dev.ridgeline.report.Columns;
import dev.ridgeline.report.ResultFile.CeilingRecord;
import dev.ridgeline.report.Si;

import java.nio.charset.Charset;
import java.util.List;
import java.util.stream.Collectors;

/// What would be measured.
final class Listing {
    private Listing() {}

    /// A key per line.
    static String names(List<CampaignCase<?>> rows) {
        return rows.stream().map(row -> row.key() + "\n").collect(Collectors.joining());
    }

    /// Memory and work of each row, known from the shapes alone.
    static String needs(List<CampaignCase<?>> rows, Charset charset) {
        var table =
                new Columns(
                        2,
                        charset,
                        List.of(
                                left("workload"),
                                left("kernel"),
                                right("threads"),
                                right("memory"),
                                right("flops"),
                                right("traffic"),
                                left("note")));
        for (var row : rows) {
            var op = row.workload().planned();
            table.add(
                    List.of(
                            row.workload().name(),
                            row.kernel().id().toString(),
                            String.valueOf(row.site().threads()),
                            Si.binaryBytes(row.bytes()),
                            Si.scaled(op.cost().flops(), 4, "FLOP"),
                            Si.scaled(op.cost().bytes(), 4, "B"),
                            note(row)));
        }
        return table.render();
    }

    /// Each limit with its rate.
    static String ceilings(List<CeilingRecord> ceilings, Charset charset) {
        var table = new Columns(2, charset, List.of(left(""), right(""), right("")));
        table.heading("ceilings");
        for (var c : ceilings)
            table.add(
                    List.of(
                            c.name(),
                            Si.rate(c.value(), c.unit()),
                            Si.plusMinus((c.high() - c.low()) / 2 / c.value())));
        return table.render();
    }

    private static <O extends Op> String note(CampaignCase<O> row) {
        return row.kernel()
                .refusal(row.workload().planned())
                .map(reason -> "refuses: " + reason)
                .or(
                        () ->
                                row.tooLarge()
                                        .map(
                                                _ ->
                                                        "does not fit "
                                                                + Si.binaryBytes(
                                                                        row.site()
                                                                                .device()
                                                                                .capacity())))
                .orElse("");
    }
}
