package dev.ridgeline.cli;

import dev.ridgeline.device.DeviceFailure;
import dev.ridgeline.device.NoKernel;
import dev.ridgeline.device.OutOfDeviceMemory;
import dev.ridgeline.model.InvalidModel;
import dev.ridgeline.report.UnreadableResult;
import dev.ridgeline.report.UnwritableOutput;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.train.InvalidText;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

import java.util.List;

/// The command line: `ridgeline COMMAND`.
@Command(
        name = "ridgeline",
        description = "Proves and measures the kernels of transformer training.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {
            DevicesCommand.class,
            VerifyCommand.class,
            Bench.class,
            TrainCommand.class,
            PlanCommand.class,
            ReportCommand.class,
            CompareCommand.class,
            JmhCommand.class,
            VersusCommand.class,
            CompletionCommand.class
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:a kernel was wrong, or a comparison regressed",
            "2:the command line, or a file it names, makes no sense",
            "3:the machine lacks something: a device, a library, memory",
            "4:not enough evidence to compare",
            "124:stopped by timeout(1)",
            "130:interrupted; rows so far are on disk"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ridgeline bench                               a suite of about two minutes",
            "  ridgeline bench gemm --shapes 256x768x50257 --ladder",
            "  ridgeline bench attention --seq 1024:4096:1024 --json seq.json",
            "  ridgeline verify --op gemm",
            "  ridgeline compare before.json after.json",
            "",
            "RIDGELINE_JAVA_HOME names the JDK, RIDGELINE_JAVA_OPTS has options for it, and",
            "RIDGELINE_DEBUG=1 shows where an error came from."
        })
public final class Ridgeline implements Runnable {
    @Spec private CommandSpec spec;

    @Option(
            names = "--debug",
            scope = ScopeType.INHERIT,
            description = "Shows where an error came from.")
    private boolean debug;

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Ridgeline())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Ridgeline::explain)
                .setExecutionExceptionHandler(Ridgeline::explain);
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /// A command line that cannot be parsed: what is wrong, and where help is.
    private static int explain(ParameterException e, String[] args) {
        var command = e.getCommandLine();
        var suggestions =
                e instanceof UnmatchedArgumentException unmatched
                        ? unmatched.getSuggestions()
                        : List.<String>of();
        command.getErr()
                .printf(
                        "ridgeline: %s%s; see %s --help%n",
                        sentence(e.getMessage()),
                        suggestions.isEmpty()
                                ? ""
                                : " (did you mean " + suggestions.getFirst() + "?)",
                        command.getCommandSpec().qualifiedName());
        return Exit.USAGE;
    }

    /// A command that cannot go on.
    private static int explain(Exception e, CommandLine command, ParseResult parsed) {
        var ridgeline = (Ridgeline) command.getCommandSpec().root().userObject();
        boolean debug = ridgeline.debug || System.getenv("RIDGELINE_DEBUG") != null;
        if (debug) e.printStackTrace(command.getErr());
        return switch (e) {
            case Fault fault -> end(command, fault.getMessage(), fault.exit());
            case UnreadableResult _,
                    UnwritableOutput _,
                    InvalidModel _,
                    InvalidCheckpoint _,
                    InvalidText _ ->
                    end(command, e.getMessage(), Exit.USAGE);
            case OutOfDeviceMemory _, NoKernel _, DeviceFailure _ ->
                    end(command, e.getMessage(), Exit.ENVIRONMENT);
            default ->
                    end(
                            command,
                            "this is a defect of ridgeline: %s%s"
                                    .formatted(e, debug ? "" : " (--debug shows where)"),
                            Exit.ENVIRONMENT);
        };
    }

    private static int end(CommandLine command, String sentence, int exit) {
        command.getErr().println("ridgeline: " + sentence);
        command.getErr().flush();
        return exit;
    }

    /// One line, without the full stop.
    private static String sentence(String message) {
        return message.lines().findFirst().orElse("").replaceAll("\\.$", "");
    }
}
