package dev.ridgeline.cli;

import dev.ridgeline.device.Device;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.Site;
import dev.ridgeline.model.StepGraph;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.report.Si;
import dev.ridgeline.residency.Calibration;
import dev.ridgeline.residency.CappedExecution;
import dev.ridgeline.residency.Planner;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

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
    @Spec private CommandSpec spec;
    @ParentCommand private Bench bench;
    @Mixin private ModelOptions models;
    @Mixin private BatchOptions batches;

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

    @Mixin private LinkOptions link;

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
            var options = batches.step();
            long workingSet = MemoryTable.total(StepGraph.plan(named.config(), options));
            if (bench.dryRun()) return bench.print(caps(workingSet));
            sites.requireTimed();
            return measure(host, site, named, options, workingSet);
        }
    }

    private String caps(long workingSet) {
        var text = new StringBuilder();
        caps.of(workingSet)
                .forEach(
                        (cap, bytes) ->
                                text.append(
                                        "%-8s %10s%n"
                                                .formatted(cap.name(), Si.binaryBytes(bytes))));
        return text.toString();
    }

    private int measure(
            HostRecord host,
            Site site,
            ModelOptions.Named named,
            StepOptions options,
            long workingSet) {
        var result =
                new ResultWriter(
                        spec.commandLine(), host, List.of(site), bench.protocol(), bench.outputs());
        long state = CappedExecution.stateBytes(named.config(), options);
        var sized = caps.of(workingSet);
        long largest = sized.values().stream().mapToLong(b -> b).max().orElseThrow();
        requireRoom(site.device(), largest);
        try (var execution =
                        new CappedExecution(
                                site.device(),
                                link.open(site.device()),
                                named.config(),
                                options,
                                Math.max(1, largest - state));
                var step = new TrainingStep(execution)) {
            if (!execution.useSimplest())
                throw Fault.environment(
                        "even the largest cap, %s, is too small: the least that works is %s",
                        Si.binaryBytes(largest),
                        Si.binaryBytes(CappedExecution.least(named.config(), options)));
            var run = new CapacityRun(execution, step, bench.protocol());
            var speeds = run.calibrate();
            var planner = new Planner(execution.variants(), speeds);
            var cases = new ArrayList<CapacityCase>();
            sized.forEach(
                    (cap, bytes) ->
                            cases.add(new CapacityCase(cap, bytes, planner.decide(bytes - state))));
            var study =
                    new CapacityStudy(
                            site,
                            named,
                            options,
                            bench.protocol(),
                            speeds,
                            workingSet,
                            planner.least() + state,
                            cases);
            var text = new CapacityText(study);
            bench.say(text.predictions());
            run.compare(cases);
            run.time(cases, steps);
            var rows = new CapacityRows(study).rows();
            result.write(List.of(), rows);
            bench.say(text.results(rows));
            return study.exit();
        }
    }

    private static void requireRoom(Device device, long largest) {
        long free = device.capacity() - device.allocated();
        long measuring = Calibration.bytes(device);
        if (largest + measuring > free)
            throw Fault.environment(
                    "the largest cap is %s, measuring takes %s besides, and %s has %s: name"
                            + " smaller ones with --caps",
                    Si.binaryBytes(largest),
                    Si.binaryBytes(measuring),
                    device.name(),
                    Si.binaryBytes(free));
    }
}
