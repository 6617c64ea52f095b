package dev.ridgeline.cli;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Link;
import dev.ridgeline.device.Stream.Mark;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.Site;
import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.StepGraph;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.report.Format;
import dev.ridgeline.report.Output;
import dev.ridgeline.report.ResultFile;
import dev.ridgeline.report.Si;
import dev.ridgeline.residency.Calibration;
import dev.ridgeline.residency.CappedExecution;
import dev.ridgeline.residency.Planner;
import dev.ridgeline.residency.Speeds;
import dev.ridgeline.tensor.DType;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

/// Runs one training step in ever less memory.
@Command(
        name = "capacity",
        description = {
            "What memory buys: one training step under several caps, all else equal.",
            "What does not fit is kept in memory beyond the device and copied beside the",
            "computation; every cap gives the same bits. Predictions come before the runs."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ridgeline bench capacity --json capacity.json",
            "  ridgeline bench capacity --caps h100,h200,b200,b300 --link 2GB/s",
            "  ridgeline bench capacity --model gpt2-350m --caps 100,60,30 --batch 1"
        })
final class BenchCapacity implements Callable<Integer> {
    /// Steps that are compared bit by bit before any is timed.
    private static final int COMPARED = 2;

    @Spec private CommandSpec spec;
    @ParentCommand private Bench bench;
    @Mixin private ModelOptions models;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Sequences at once (default: ${DEFAULT-VALUE}).")
    private int batch = 4;

    @Option(
            names = "--seq",
            paramLabel = "N",
            description = "Tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int sequence = 64;

    @Option(
            names = "--micro-batches",
            paramLabel = "N",
            description = "Batches whose gradients make one step (default: ${DEFAULT-VALUE}).")
    private int microBatches = 1;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = DTypeConverter.class,
            description = "f32, or bf16 with f32 weights (default: f32).")
    private DType dtype = DType.F32;

    @Option(
            names = "--caps",
            paramLabel = "CAP[,CAP...]",
            converter = Caps.Converter.class,
            defaultValue = Caps.DEFAULT,
            description = {
                "Memories to run in: shares of the working set in %%, amounts (4GiB), or parts",
                "(h100,h200,b200,b300), of which the largest stands for the whole working set",
                "(default: ${DEFAULT-VALUE})."
            })
    private Caps caps;

    @Option(
            names = "--link",
            paramLabel = "SPEED",
            converter = LinkSpeed.Converter.class,
            description = "Copies no faster than this, to stand for another machine: 55GB/s.")
    private Optional<LinkSpeed> link;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Timed per cap and round (default: ${DEFAULT-VALUE}).")
    private int steps = 1;

    @Override
    public Integer call() {
        if (steps < 1) throw Fault.usage("--steps is %d, must be at least 1", steps);
        var host = HostRecord.read();
        // a core is for the thread that copies, under every cap alike
        try (var sites = bench.open(host, 1)) {
            if (sites.asked().size() > 1) throw Fault.usage("--threads: a step takes one number");
            var site = sites.asked().getFirst();
            var named = models.model("gpt2-124m");
            var options =
                    StepOptions.of(batch, sequence).withMicroBatches(microBatches).withDtype(dtype);
            long workingSet = MemoryTable.total(StepGraph.plan(named.config(), options));
            if (bench.dryRun()) {
                caps.of(workingSet)
                        .forEach(
                                (cap, bytes) ->
                                        print(
                                                "%-8s %10s%n"
                                                        .formatted(
                                                                cap.name(),
                                                                Si.binaryBytes(bytes))));
                return Exit.OK;
            }
            sites.requireTimed();
            return measure(host, site, named, options, workingSet);
        }
    }

    private int measure(
            HostRecord host,
            Site site,
            ModelOptions.Named named,
            StepOptions options,
            long workingSet) {
        var outputs = bench.outputs().open(spec.commandLine().getOut());
        long state = CappedExecution.stateBytes(named.config(), options);
        var sized = caps.of(workingSet);
        long largest = sized.values().stream().mapToLong(b -> b).max().orElseThrow();
        requireRoom(site.device(), largest);
        try (var execution =
                        new CappedExecution(
                                site.device(),
                                link(site.device()),
                                named.config(),
                                options,
                                Math.max(1, largest - state));
                var step = new TrainingStep(execution)) {
            if (!execution.useSimplest())
                throw Fault.environment(
                        "even the largest cap, %s, is too small: the least that works is %s",
                        Si.binaryBytes(largest), Si.binaryBytes(execution.least() + state));
            reset(step);
            take(step, 1);
            var speeds = calibrate(execution);
            var planner = new Planner(execution.variants(), speeds);
            var cases = new ArrayList<CapacityCase>();
            sized.forEach(
                    (cap, bytes) ->
                            cases.add(new CapacityCase(cap, bytes, planner.decide(bytes - state))));
            var rows =
                    new CapacityRows(
                            site,
                            named,
                            options,
                            bench.protocol(),
                            speeds,
                            workingSet,
                            planner.least() + state,
                            cases);
            say(rows.predictions());
            compare(execution, step, cases);
            run(execution, step, cases);
            var file = file(host, site, rows);
            outputs.forEach((format, output) -> output.write(format.of(file)));
            if (!(outputs.get(Format.JSON) instanceof Output.Stdout)) say(rows.text());
            return rows.exit();
        }
    }

    private Link link(Device device) {
        try {
            return device.link(
                    link.map(LinkSpeed::bytesPerSecond).orElse(Double.POSITIVE_INFINITY));
        } catch (UnsupportedOperationException e) {
            throw Fault.usage("--link: %s", e.getMessage());
        }
    }

    private static void requireRoom(Device device, long largest) {
        long free = device.capacity() - device.allocated();
        if (largest > free)
            throw Fault.environment(
                    "the largest cap is %s and %s has %s: name smaller ones with --caps",
                    Si.binaryBytes(largest), device.name(), Si.binaryBytes(free));
    }

    private Speeds calibrate(CappedExecution execution) {
        try (var calibration = new Calibration(execution)) {
            return calibration.measure(4 * bench.protocol().warmupSeconds());
        }
    }

    /// The state that every cap begins with.
    private void reset(TrainingStep step) {
        step.initialize(bench.protocol().seed());
        for (var moments : List.of(Kind.FIRST_MOMENTS, Kind.SECOND_MOMENTS))
            step.transfer().write(moments, (_, _, _, memory) -> memory.fill((byte) 0));
    }

    /// Losses and norms of a step on random tokens; the same for the same number.
    private static List<Double> take(TrainingStep step, int number) {
        var random = new Random(number);
        int vocabulary = step.graph().config().vocabulary();
        int tokens = step.graph().options().tokens();
        var found =
                step.gradients(
                        random.ints(tokens, 0, vocabulary).toArray(),
                        random.ints(tokens, 0, vocabulary).toArray());
        step.update(1e-4, number);
        return List.of(found.loss(), found.norm());
    }

    /// Takes the same first steps under every cap.
    private void compare(CappedExecution execution, TrainingStep step, List<CapacityCase> cases) {
        Optional<List<Double>> expected = Optional.empty();
        for (var c : cases) {
            if (c.decision().isEmpty()) continue;
            execution.use(c.decision().get().plan());
            reset(step);
            var found = new ArrayList<Double>();
            for (int number = 1; number <= COMPARED; number++) found.addAll(take(step, number));
            if (expected.isEmpty()) expected = Optional.of(found);
            else if (!expected.get().equals(found))
                c.wrong("losses and norms %s, must be %s".formatted(found, expected.get()));
        }
    }

    /// Rounds over all caps, in alternating order, so that a drifting clock shows as noise.
    private void run(CappedExecution execution, TrainingStep step, List<CapacityCase> cases) {
        var running =
                new ArrayList<>(
                        cases.stream()
                                .filter(c -> c.decision().isPresent() && c.wrong().isEmpty())
                                .toList());
        for (int round = 0; round < bench.protocol().rounds(); round++) {
            for (var c : running) {
                execution.use(c.decision().get().plan());
                step.repeat(); // from here on copies of one step run into the next
                execution.count();
                c.add(timed(execution, step), execution);
            }
            Collections.reverse(running);
        }
    }

    private double[] timed(CappedExecution execution, TrainingStep step) {
        var stream = execution.device().stream();
        var marks = new ArrayList<Mark>();
        marks.add(stream.mark());
        for (int i = 0; i < steps; i++) {
            step.repeat();
            marks.add(stream.mark());
        }
        return IntStream.range(0, steps)
                .mapToDouble(i -> stream.seconds(marks.get(i), marks.get(i + 1)))
                .toArray();
    }

    private ResultFile file(HostRecord host, Site site, CapacityRows rows) {
        return new ResultFile(
                ResultFile.SCHEMA,
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                List.copyOf(spec.commandLine().getParseResult().originalArgs()),
                Version.BUILD,
                Descriptions.of(host),
                List.of(Descriptions.of(site)),
                bench.protocol(),
                List.of(),
                rows.rows(),
                true);
    }

    private void say(String text) {
        if (!bench.quiet()) print(text);
    }

    private void print(String text) {
        var out =
                bench.outputs().takeStdout()
                        ? spec.commandLine().getErr()
                        : spec.commandLine().getOut();
        out.print(text);
        out.flush();
    }
}
