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

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

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

    @Option(
            names = "--op",
            split = ",",
            defaultValue = "gemm_nt",
            description = "gemm_nt, gemm_nn, gemm_tn, attention, attention_backward, ...")
    private List<String> ops;

    @Option(names = "--shapes", split = ",", description = "512x512x512, ...; else the standard ones")
    private List<String> shapes = List.of();

    @Option(
            names = "--kernels",
            split = ",",
            description = "the first is compared with the others; else ours and every peer")
    private List<String> kernels = List.of();

    @Option(names = "--threads", defaultValue = "1", description = "of each library")
    private int threads;

    @Option(names = "--rounds", defaultValue = "21", description = "fewer for very long launches")
    private int rounds;

    @Option(names = "--blocks", description = "fresh processes: 1, or 5 with several threads")
    private Optional<Integer> blocks = Optional.empty();

    @Option(names = "--jvm-args", defaultValue = "", description = "for the measuring processes")
    private String jvmArguments;

    @Option(names = "--json", description = "writes every round in JMH's format")
    private Optional<Path> json = Optional.empty();

    private final List<RunResult> all = new ArrayList<>();

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Versus()).execute(arguments));
    }

    @Override
    public Integer call() throws RunnerException, IOException {
        for (var op : ops) {
            var kernels = kernels(op);
            var table = new VersusTable(op, kernels);
            for (var shape : shapes.isEmpty() ? standardShapes(op) : shapes)
                table.add(shape, contest(op, shape, kernels));
            System.out.println(table.markdown());
        }
        if (json.isPresent()) {
            try (var out = new PrintStream(Files.newOutputStream(json.get()), false, "UTF-8")) {
                ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(all);
            }
        }
        return 0;
    }

    private Contest contest(String op, String shape, List<String> kernels) throws RunnerException {
        var contest = new Contest();
        int count = blocks.orElse(threads == 1 ? 1 : 5);
        var processes =
                new ArrayList<>(
                        threads == 1
                                ? List.of(String.join("+", kernels))
                                : kernels);
        for (int block = 1; block <= count; block++) {
            for (var process : processes) {
                System.err.printf("%s %s %s, block %d of %d%n", op, shape, process, block, count);
                run(op, shape, process).forEach(contest::add);
            }
            Collections.rotate(processes, 1);
        }
        return contest;
    }

    private Collection<RunResult> run(String op, String shape, String kernels)
            throws RunnerException {
        double flops = Problems.of(op, shape).planned().cost().flops();
        int fewer = (int) Math.clamp(rounds * LONG_LAUNCH_FLOPS / flops, FEWEST_ROUNDS, rounds);
        var options =
                new OptionsBuilder()
                        .include(InterleavedBenchmark.class.getName() + ".round")
                        .param("op", op)
                        .param("shape", shape)
                        .param("kernels", kernels)
                        .param("threads", String.valueOf(threads))
                        .measurementIterations(Math.min(rounds, fewer))
                        .addProfiler(Laps.class)
                        .verbosity(VerboseMode.SILENT)
                        .shouldFailOnError(true);
        if (!jvmArguments.isBlank()) options.jvmArgsPrepend(jvmArguments.split(" "));
        var results = new Runner(options.build()).run();
        all.addAll(results);
        return results;
    }

    private List<String> kernels(String op) {
        if (!kernels.isEmpty()) return kernels;
        var names = new ArrayList<>(List.of(Subject.PREFERRED));
        var type = Problems.of(op, standardShapes(op).getFirst()).type();
        if (op.equals("gemm_nt") || op.equals("gemm_nn")) names.add("cpu_prepacked");
        for (var peer : Peers.kernels(type, threads))
            names.add(peer.id().arch() + "_" + peer.id().idea());
        try (var device = new CpuDevice("cpu", 1, 0)) {
            names.set(0, Subject.preferred(Problems.of(op, standardShapes(op).getFirst()), device));
        }
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
                    default -> NormProblem.class;
                };
        try {
            return List.of(problem.getField("shape").getAnnotation(Param.class).value());
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException(e);
        }
    }
}
