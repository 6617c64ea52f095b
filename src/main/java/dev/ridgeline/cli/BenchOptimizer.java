package dev.ridgeline.cli;

import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.OptimizerWorkloads;
import dev.ridgeline.measure.workload.Suites;
import dev.ridgeline.tensor.DType;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

@Command(
        name = "optimizer",
        description = {
            "AdamW on f32 parameters and moments, with a bf16 copy rounded stochastically too,",
            "and the norm of the gradients."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class BenchOptimizer implements Callable<Integer> {
    @ParentCommand private Bench bench;

    @Option(
            names = "--n",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "Parameters: 1000000 or 1000,2000 or 1000:4000:1000 (start:last:step).")
    private Optional<Sizes> n;

    @Option(
            names = "--dtype",
            split = ",",
            paramLabel = "TYPE",
            converter = DTypeConverter.class,
            description = "Of the gradient: f32, bf16 (default: f32).")
    private List<DType> dtypes = List.of(DType.F32);

    @Override
    public Integer call() {
        var all = new ArrayList<Workload<?>>();
        for (var dtype : dtypes)
            for (int count : Sizes.or(n, Suites.ELEMENTS)) {
                all.add(OptimizerWorkloads.adamW(count, dtype, bench.seed()));
                all.add(OptimizerWorkloads.dithered(count, dtype, bench.seed()));
                all.add(OptimizerWorkloads.squaredNorm(count, dtype, bench.seed()));
            }
        return bench.run(all);
    }
}
