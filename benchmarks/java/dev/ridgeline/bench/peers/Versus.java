package dev.ridgeline.bench.peers;

import dev.ridgeline.bench.AttentionProblem;
import dev.ridgeline.bench.GemmProblem;
import dev.ridgeline.bench.NormProblem;
import dev.ridgeline.bench.OptimizerProblem;
import dev.ridgeline.bench.Problems;
import dev.ridgeline.bench.SoftmaxProblem;
import dev.ridgeline.bench.Subject;
import dev.ridgeline.cpu.CpuDevice;

import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/// Ours against the libraries a user would choose instead, as a table: the program behind
/// `benchmarks/README.md`, which explains the protocol.
@Command(
        name = "versus",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Runs kernels and their peers in turns and prints the ratios, as Markdown.")
public final class Versus implements Callable<Integer> {
    // above it a round of all kernels takes seconds, and a few rounds say as much
    private static final double LONG_LAUNCH_FLOPS = 2e10;
    private static final int FEWEST_ROUNDS = 7;
    private static final String STEP = "step";

    @Option(
            names = "--op",
            split = ",",
            defaultValue = "gemm_nt",
            description =
                    "gemm_nt, gemm_nn, gemm_tn, attention, attention_backward, ..., or step, a"
                            + " whole training step")
    private List<String> ops;

    @Option(
            names = "--shapes",
            split = ",",
            description = "512x512x512, gpt2-124m:4x64, ...; else the standard ones")
    private List<String> shapes = List.of();

    @Option(
            names = "--kernels",
            split = ",",
            description = {
                "the first is compared with the others; else ours and every peer;",
                "cpu_blocked@2 is cpu_blocked with two threads"
            })
    private List<String> kernels = List.of();

    @Option(names = "--threads", defaultValue = "1", description = "of each library")
    private int threads;

    @Option(names = "--rounds", defaultValue = "21", description = "fewer for very long launches")
    private int rounds;

    @Option(names = "--blocks", description = "fresh processes: 1, or 5 with several threads")
    private Optional<Integer> blocks = Optional.empty();

    @Option(
            names = "--by-block",
            description = "adds a table of each process's share of the ceiling")
    private boolean byBlock;

    @Option(
            names = "--jvm-args",
            defaultValue = "",
            description = "for the measuring processes, as -XX:+UseSerialGC")
    private String jvmArguments;

    @Option(names = "--json", description = "writes every round in JMH's format")
    private Optional<Path> json = Optional.empty();

    private final List<RunResult> all = new ArrayList<>();

    public static void main(String[] arguments) {
        System.exit(
                new CommandLine(new Versus())
                        .setExecutionExceptionHandler(Versus::explain)
                        .execute(arguments));
    }

    /// The measuring process's own reason, which JMH wraps more than once.
    private static int explain(Exception e, CommandLine command, ParseResult parsed) {
        command.getErr().println("versus: " + reason(e).orElse(e).getMessage());
        return command.getCommandSpec().exitCodeOnExecutionException();
    }

    private static Optional<Throwable> reason(Throwable e) {
        if (e instanceof IllegalStateException || e instanceof IllegalArgumentException)
            return Optional.of(e);
        return Stream.concat(Stream.ofNullable(e.getCause()), Arrays.stream(e.getSuppressed()))
                .flatMap(inner -> reason(inner).stream())
                .findFirst();
    }

    @Override
    public Integer call() throws RunnerException, IOException {
        for (var op : ops) {
            var kernels = kernels(op);
            var problems = shapes.isEmpty() ? standardShapes(op) : shapes;
            var table = new VersusTable(op, kernels, ceiling(op, problems.getFirst()));
            for (var shape : problems) table.add(shape, contest(op, shape, kernels));
            System.out.println(table.ratios());
            if (byBlock) System.out.println(table.shareByBlock());
        }
        if (json.isPresent()) {
            try (var out = new PrintStream(Files.newOutputStream(json.get()), false, "UTF-8")) {
                ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(all);
            }
        }
        return 0;
    }

    /// One measuring process: kernels that take turns in it.
    ///
    /// @param label of the only kernel where it is one of `kernel@threads`, else empty
    private record Team(String kernels, int threads, String label) {}

    private List<Team> teams(List<String> kernels) {
        if (threads == 1 && kernels.stream().noneMatch(k -> k.contains("@")))
            return List.of(new Team(String.join("+", kernels), 1, ""));
        return kernels.stream()
                .map(
                        k -> {
                            int at = k.indexOf('@');
                            return at < 0
                                    ? new Team(k, threads, k)
                                    : new Team(
                                            k.substring(0, at),
                                            Integer.parseInt(k.substring(at + 1)),
                                            k);
                        })
                .toList();
    }

    private Contest contest(String op, String shape, List<String> kernels) throws RunnerException {
        var contest = new Contest();
        var teams = new ArrayList<>(teams(kernels));
        int count = blocks.orElse(teams.size() == 1 ? 1 : 5);
        for (int block = 1; block <= count; block++) {
            for (var team : teams) {
                System.err.printf(
                        "%s %s %s, block %d of %d%n",
                        op,
                        shape,
                        team.label().isEmpty() ? team.kernels() : team.label(),
                        block,
                        count);
                for (var result : run(op, shape, team)) contest.add(result, team.label());
            }
            Collections.rotate(teams, 1);
        }
        return contest;
    }

    private Collection<RunResult> run(String op, String shape, Team team) throws RunnerException {
        var options =
                op.equals(STEP)
                        ? new OptionsBuilder()
                                .include(StepBenchmark.class.getName() + ".round")
                                .measurementIterations(Math.min(rounds, FEWEST_ROUNDS))
                        : new OptionsBuilder()
                                .include(InterleavedBenchmark.class.getName() + ".round")
                                .param("op", op)
                                .measurementIterations(Math.min(rounds, most(op, shape)));
        options.param("shape", shape)
                .param("kernels", team.kernels())
                .param("threads", String.valueOf(team.threads()))
                .addProfiler(Laps.class)
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
        if (!jvmArguments.isBlank()) options.jvmArgsPrepend(jvmArguments.split(" "));
        var results = new Runner(options.build()).run();
        all.addAll(results);
        return results;
    }

    private static String ceiling(String op, String shape) {
        return op.equals(STEP) ? "fma_loop" : Ceiling.loop(Problems.of(op, shape).planned());
    }

    /// Rounds that a problem is worth.
    private int most(String op, String shape) {
        double flops = Problems.of(op, shape).planned().cost().flops();
        return (int) Math.clamp(rounds * LONG_LAUNCH_FLOPS / flops, FEWEST_ROUNDS, 1e6);
    }

    private List<String> kernels(String op) {
        if (!kernels.isEmpty()) return kernels;
        if (op.equals(STEP)) return List.of(StepRace.OURS, StepRace.TORCH);
        var problem = Problems.of(op, standardShapes(op).getFirst());
        var names = new ArrayList<String>();
        try (var device = new CpuDevice("cpu", 1, 0)) {
            names.add(Subject.preferred(problem, device));
        }
        if (op.equals("gemm_nt") || op.equals("gemm_nn")) names.add("cpu_prepacked");
        for (var peer : Peers.kernels(problem.type(), threads)) names.add(Subject.name(peer));
        return names;
    }

    /// The shapes of the plain benchmark of the same op.
    private static List<String> standardShapes(String op) {
        var problem =
                switch (op) {
                    case "gemm_nt", "gemm_nn", "gemm_tn" -> GemmProblem.class;
                    case "attention", "attention_backward" -> AttentionProblem.class;
                    case "softmax", "softmax_backward", "cross_entropy" -> SoftmaxProblem.class;
                    case "adam_w" -> OptimizerProblem.class;
                    case STEP -> StepBenchmark.class;
                    default -> NormProblem.class;
                };
        try {
            return List.of(problem.getField("shape").getAnnotation(Param.class).value());
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException(e);
        }
    }
}
