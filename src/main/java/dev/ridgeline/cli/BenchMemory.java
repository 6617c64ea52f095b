package dev.ridgeline.cli;

import dev.ridgeline.measure.Workload;
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
        name = "memory",
        description = {
            "STREAM's copy, scale and triad, in f32. On a GPU also the ways into and out of its"
                    + " memory:",
            "from and to the host, pinned and pageable, and from each GPU to each other."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class BenchMemory implements Callable<Integer> {
    @ParentCommand private Bench bench;

    @Option(
            names = "--n",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description =
                    "Elements of an array: 1000000 or 1000,2000 or 1000:4000:1000"
                            + " (start:last:step).")
    private Optional<Sizes> n;

    @Option(
            names = "--dtype",
            split = ",",
            paramLabel = "TYPE",
            converter = DTypeConverter.class,
            description = "f32 only.")
    private List<DType> dtypes = List.of(DType.F32);

    @Override
    public Integer call() {
        if (!dtypes.equals(List.of(DType.F32)))
            throw Fault.usage("--dtype: copy, scale and triad have kernels for f32 only");
        var all = new ArrayList<Workload<?>>();
        for (int count : Sizes.or(n, Suites.ELEMENTS))
            all.addAll(Suites.streams(count, bench.seed()));
        return bench.runWithTransfers(all);
    }
}
