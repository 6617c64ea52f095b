package dev.ridgeline.cli;

import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.NormWorkloads;
import dev.ridgeline.measure.workload.Suites;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

import java.util.ArrayList;
import java.util.concurrent.Callable;

@Command(
        name = "norm",
        description = {
            "RMS norm and layer norm, alone and with a residual, softmax, forward and backward,",
            "and cross-entropy.",
            "Several values of several flags give every combination."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class BenchNorm implements Callable<Integer> {
    @ParentCommand private Bench bench;
    @Mixin private RowOptions rows;

    @Override
    public Integer call() {
        var all = new ArrayList<Workload<?>>();
        for (var dtype : rows.dtypes())
            for (var r : rows.of(Suites.ACTIVATIONS)) {
                all.addAll(Suites.norms(r, dtype, bench.seed()));
                all.addAll(NormWorkloads.residuals(r.rows(), r.cols(), dtype, bench.seed()));
            }
        if (!rows.named())
            for (var dtype : rows.dtypes())
                all.add(Suites.loss(Suites.LOGITS, dtype, bench.seed()));
        return bench.run(all);
    }
}
