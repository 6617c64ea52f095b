package dev.ridgeline.cli;

import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.Ceilings;
import dev.ridgeline.measure.Measurement;
import dev.ridgeline.measure.Site;
import dev.ridgeline.model.StepGraph;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.StepProfile;
import dev.ridgeline.model.TrainingStep;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;

/// Times a whole training step.
@Command(
        name = "step",
        description = {
            "A whole training step: tokens/s, MFU, the share of each operation, memory.",
            "Its kernels are those that `verify` proves; tokens are random."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class BenchStep implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @ParentCommand private Bench bench;
    @Mixin private ModelOptions models;
    @Mixin private BatchOptions batches;

    @Option(
            names = "--recompute",
            description = "Computes activations again instead of keeping them.")
    private boolean recompute;

    @Override
    public Integer call() {
        var host = HostRecord.read();
        try (var sites = bench.open(host)) {
            if (sites.asked().size() > 1) throw Fault.usage("--threads: a step takes one number");
            var site = sites.asked().getFirst();
            var named = models.model("gpt2-124m");
            var options = batches.step().withRecompute(recompute);
            var memory = MemoryTable.of(StepGraph.plan(named.config(), options, site.device()));
            if (bench.dryRun()) {
                bench.print(memory);
                Room.require(named.config(), options, site.device());
                return Exit.OK;
            }
            sites.requireTimed();
            Room.require(named.config(), options, site.device());
            return measure(host, site, named, options, memory);
        }
    }

    private int measure(
            HostRecord host,
            Site site,
            ModelOptions.Named named,
            StepOptions options,
            String memory) {
        var protocol = bench.protocol();
        var result =
                new ResultWriter(
                        spec.commandLine(), host, List.of(site), protocol, bench.outputs());
        var err = spec.commandLine().getErr();
        var ceilings = new Ceilings(List.of(site), protocol, _ -> List.of());
        ceilings.missing().forEach(reason -> err.println("ridgeline: no ceiling " + reason));
        var seconds = new ArrayList<double[]>();
        var byOp = new ArrayList<Map<String, Double>>();
        try (var step = new TrainingStep(site.device(), named.config(), options)) {
            step.initialize(protocol.seed());
            load(step);
            try (var profile = new StepProfile(step)) {
                for (double spent = 0; spent < 4 * protocol.warmupSeconds() || spent == 0; )
                    spent += profile.seconds();
                for (int round = 0; round < protocol.rounds(); round++) {
                    ceilings.measure(round);
                    seconds.add(samples(profile));
                    byOp.add(profile.secondsByOp());
                }
                var rows = new StepRows(site, named, options, protocol, ceilings, profile);
                result.write(
                        ceilings.all().stream().map(Rows::of).toList(), rows.rows(seconds, byOp));
                bench.say(rows.text(seconds, byOp) + "\n" + memory);
            }
        }
        return Exit.OK;
    }

    /// Tokens and scalars that stay the same: time does not depend on them.
    private static void load(TrainingStep step) {
        var random = new Random(1);
        int vocabulary = step.graph().config().vocabulary();
        int tokens = step.graph().options().tokens();
        step.gradients(
                random.ints(tokens, 0, vocabulary).toArray(),
                random.ints(tokens, 0, vocabulary).toArray());
        // a rate of nothing: the weights stay what they are, however often the step is run
        step.update(0, 1);
    }

    private double[] samples(StepProfile profile) {
        var protocol = bench.protocol();
        var found = new ArrayList<Double>();
        double budget = protocol.maxSeconds() / protocol.rounds();
        for (double spent = 0; spent < budget; ) {
            found.add(profile.seconds());
            spent += found.getLast();
            double[] soFar = found.stream().mapToDouble(s -> s).toArray();
            if (soFar.length >= 5
                    && new Measurement(List.of(soFar)).noise() < protocol.maxNoise() / 2) break;
        }
        return found.stream().mapToDouble(s -> s).toArray();
    }
}
