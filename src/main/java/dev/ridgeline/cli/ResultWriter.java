package dev.ridgeline.cli;

import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Site;
import dev.ridgeline.report.Format;
import dev.ridgeline.report.Output;
import dev.ridgeline.report.ResultFile;
import dev.ridgeline.report.ResultFile.CeilingRecord;
import dev.ridgeline.report.Row;

import picocli.CommandLine;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;

/// Writes the result of a run that is measured as a whole, in every form that was asked for.
final class ResultWriter {
    private final CommandLine command;
    private final HostRecord host;
    private final List<Site> sites;
    private final Protocol protocol;
    private final Map<Format, Output> outputs;
    private final Instant begun = Instant.now();

    /// Before anything is measured, so that a file that cannot be written costs no time.
    ///
    /// @throws Fault if one cannot
    ResultWriter(
            CommandLine command,
            HostRecord host,
            List<Site> sites,
            Protocol protocol,
            OutputOptions options) {
        this.command = command;
        this.host = host;
        this.sites = sites;
        this.protocol = protocol;
        outputs = options.open(command.getOut());
    }

    void write(List<CeilingRecord> ceilings, List<Row> rows) {
        var file =
                new ResultFile(
                        ResultFile.SCHEMA,
                        begun.truncatedTo(ChronoUnit.SECONDS).toString(),
                        List.copyOf(command.getParseResult().originalArgs()),
                        Version.BUILD,
                        Descriptions.of(host),
                        sites.stream().map(Descriptions::of).toList(),
                        protocol,
                        ceilings,
                        rows,
                        true);
        outputs.forEach((format, output) -> output.write(format.of(file)));
    }
}
