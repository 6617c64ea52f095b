package dev.ridgeline.cli;

import dev.ridgeline.report.Comparison;
import dev.ridgeline.report.ComparisonTable;
import dev.ridgeline.report.ResultStore;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/// Two runs, row by row.
@Command(
        name = "compare",
        description =
                "Says for each row of two results whether it got faster, slower, stayed the same,"
                        + " or whether that cannot be told.",
        mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "BEFORE", description = "A result of bench --json.")
    private Path before;

    @Parameters(index = "1", paramLabel = "AFTER", description = "Another.")
    private Path after;

    @Option(
            names = "--threshold",
            paramLabel = "SHARE",
            converter = ProtocolOptions.Share.class,
            defaultValue = "1%",
            description = "Differences up to this are none, however well proven (default: 1%%).")
    private double threshold;

    @Option(
            names = "--across",
            description = "Compares even if the device or the protocol is another.")
    private boolean across;

    @Override
    public Integer call() {
        var first = ResultStore.read(before);
        var second = ResultStore.read(after);
        var objection = Comparison.objection(first, second);
        if (objection.isPresent() && !across)
            throw Fault.usage(
                    "%s and %s cannot be compared, because %s; --across does it all the same",
                    before, after, objection.get());
        var comparison = Comparison.of(first, second, threshold);
        var out = spec.commandLine().getOut();
        out.print(ComparisonTable.of(comparison, Terminal.charset()));
        out.flush();
        return comparison.outcome().exitCode();
    }
}
