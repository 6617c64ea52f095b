package dev.ridgeline.cli;

import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.Ceilings;
import dev.ridgeline.measure.Measurement;
import dev.ridgeline.measure.Site;
import dev.ridgeline.model.Config;
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

    @Option(
            names = "--stream",
            description = {
                "Keeps what does not fit in the host's memory, and copies it beside the",
                "computation."
            })
    private boolean stream;

    @Override
    public Integer call() {
        var host = HostRecord.read();
        try (var sites = bench.open(host)) {
            if (sites.asked().size() > 1) throw Fault.usage("--threads: a step takes one number");
            var site = sites.asked().getFirst();
            var named = models.model("gpt2-124m");
            var options = batches.step().withRecompute(recompute);
            if (bench.dryRun()) return plan(host, site, named.config(), options);
            sites.requireTimed();
            var ceilings = new Ceilings(List.of(site), bench.protocol(), _ -> List.of());
            // a streamed step leaves them no memory
            if (stream)
                for (int round = 0; round < bench.protocol().rounds(); round++)
                    ceilings.measure(round);
            try (var placed = PlacedStep.of(named.config(), options, sites, host, stream, 0)) {
                return measure(host, site, named, options, ceilings, placed);
            }
        }
    }

    private int plan(HostRecord host, Site site, Config config, StepOptions options) {
        bench.print(MemoryTable.of(StepGraph.plan(config, options, site.device())));
        var room = new Room(config, options, site.device(), PlacedStep.beyond(host, site.device()));
        if (!stream) room.require();
        else if (!room.fits()) room.requireStreamed(0);
        return Exit.OK;
    }

    private int measure(
            HostRecord host,
            Site site,
            ModelOptions.Named named,
            StepOptions options,
            Ceilings ceilings,
            PlacedStep placed) {
        var protocol = bench.protocol();
        var result =
                new ResultWriter(
                        spec.commandLine(), host, List.of(site), protocol, bench.outputs());
        var err = spec.commandLine().getErr();
        ceilings.missing().forEach(reason -> err.println("ridgeline: no ceiling " + reason));
        var seconds = new ArrayList<double[]>();
        var byOp = new ArrayList<Map<String, Double>>();
        var step = placed.step();
        step.initialize(protocol.seed());
        load(step);
        var profile = new StepProfile(step);
        for (double spent = 0; spent < 4 * protocol.warmupSeconds() || spent == 0; )
            spent += profile.seconds();
        for (int round = 0; round < protocol.rounds(); round++) {
            ceilings.measure(round);
            seconds.add(samples(profile));
            byOp.add(profile.secondsByOp());
        }
        var rows = new StepRows(site, named, options, protocol, ceilings, profile);
        result.write(ceilings.all().stream().map(Rows::of).toList(), rows.rows(seconds, byOp));
        bench.say(rows.text(seconds, byOp) + "\n" + placed.table());
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
