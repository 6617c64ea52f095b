package dev.ridgeline.cli;

import dev.ridgeline.report.Format;
import dev.ridgeline.report.Output;

import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

import java.io.PrintWriter;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/// Where results go besides the table.
final class OutputOptions {
    @Option(
            names = "--json",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE|-",
            description = "The whole result; the file is kept whole after every sample.")
    private Optional<String> json;

    @Option(
            names = "--csv",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE|-",
            description = "A line per row.")
    private Optional<String> csv;

    @Option(
            names = "--md",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE|-",
            description = "A Markdown table.")
    private Optional<String> markdown;

    @Option(
            names = "--junit",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE|-",
            description = "JUnit XML: a wrong or failed row is a failed test.")
    private Optional<String> junit;

    @Option(
            names = "--openmetrics",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE|-",
            description = "OpenMetrics text.")
    private Optional<String> openMetrics;

    private Map<Format, Optional<String>> targets() {
        return Map.of(
                Format.JSON, json,
                Format.CSV, csv,
                Format.MARKDOWN, markdown,
                Format.JUNIT, junit,
                Format.OPENMETRICS, openMetrics);
    }

    /// Whether the standard output is one of them, and so belongs to it alone.
    boolean takeStdout() {
        return targets().containsValue(Optional.of("-"));
    }

    Optional<String> json() {
        return json;
    }

    /// Every one, found to be writable.
    Map<Format, Output> open(PrintWriter stdout) {
        long toStdout = targets().values().stream().filter(t -> t.equals(Optional.of("-"))).count();
        if (toStdout > 1) throw Fault.usage("only one output can be -");
        var outputs = new EnumMap<Format, Output>(Format.class);
        targets()
                .forEach(
                        (format, target) ->
                                target.ifPresent(t -> outputs.put(format, Output.to(t, stdout))));
        return outputs;
    }
}
