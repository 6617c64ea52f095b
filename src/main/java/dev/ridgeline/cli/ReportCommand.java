package dev.ridgeline.cli;

import dev.ridgeline.report.HtmlReport;
import dev.ridgeline.report.Output;
import dev.ridgeline.report.ResultStore;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;

/// Results as a page.
@Command(
        name = "report",
        description = "Makes one self-contained HTML page of results.",
        mixinStandardHelpOptions = true)
final class ReportCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Results of bench --json.")
    private List<Path> files;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE|-",
            defaultValue = "report.html",
            description = "Where the page goes (default: report.html).")
    private String output;

    @Option(
            names = "--threshold",
            paramLabel = "SHARE",
            converter = ProtocolOptions.Share.class,
            defaultValue = "1%",
            description =
                    "Of several files: differences up to this are none, however well proven"
                            + " (default: 1%%).")
    private double threshold;

    @Override
    public Integer call() {
        var results =
                files.stream()
                        .map(
                                f ->
                                        new HtmlReport.Source(
                                                f.getFileName().toString(), ResultStore.read(f)))
                        .toList();
        var out = spec.commandLine().getOut();
        var page = Output.to(output, out);
        page.write(HtmlReport.of(results, threshold));
        if (!output.equals("-")) out.println("wrote " + output);
        out.flush();
        return Exit.OK;
    }
}
