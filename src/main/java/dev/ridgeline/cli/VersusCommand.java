package dev.ridgeline.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

import java.util.List;
import java.util.concurrent.Callable;

/// Stands in the help for what the launcher does before Java starts.
@Command(
        name = "versus",
        description = "Kernels and their peers in turns, on the same data: the ratios.",
        footerHeading = "%n",
        footer = "Arguments are its own: ./ridgeline versus --help; see benchmarks/README.md.",
        mixinStandardHelpOptions = true)
final class VersusCommand implements Callable<Integer> {
    @Unmatched private List<String> args;

    @Override
    public Integer call() {
        throw Fault.usage(
                "versus is started by the launcher of a checkout, because its peers are not in"
                        + " the jar: ./ridgeline versus");
    }
}
