package dev.ridgeline.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

import java.util.List;
import java.util.concurrent.Callable;

/// Stands in the help for what the launcher does before Java starts.
@Command(
        name = "jmh",
        description = "Runs the JMH benchmarks beside PyTorch, OpenBLAS and oneDNN.",
        footerHeading = "%n",
        footer = {
            "Arguments are JMH's own: ./ridgeline jmh -h lists them, ./ridgeline jmh -l the",
            "benchmarks. Without the peers: java -jar target/benchmarks.jar."
        },
        mixinStandardHelpOptions = true)
final class JmhCommand implements Callable<Integer> {
    @Unmatched private List<String> args;

    @Override
    public Integer call() {
        throw Fault.usage(
                "jmh is started by the launcher of a checkout (./ridgeline jmh), or without the"
                        + " peers by java -jar target/benchmarks.jar");
    }
}
