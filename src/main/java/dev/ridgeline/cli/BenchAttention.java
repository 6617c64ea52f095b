package dev.ridgeline.cli;

import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.Suites;
import dev.ridgeline.measure.workload.Suites.Heads;
import dev.ridgeline.tensor.DType;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

@Command(
        name = "attention",
        description = {
            "Self-attention, forward and backward.",
            "Several values of several flags give every combination."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class BenchAttention implements Callable<Integer> {
    @ParentCommand private Bench bench;

    @Option(
            names = "--batch",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "Sequences (default: 1).")
    private Optional<Sizes> batch;

    @Option(
            names = "--heads",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "Query heads (default: 12).")
    private Optional<Sizes> heads;

    @Option(
            names = "--kv-heads",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "Key heads, which divide the query heads (default: as many).")
    private Optional<Sizes> keyHeads;

    @Option(
            names = "--seq",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "Positions (default: 1024).")
    private Optional<Sizes> seq;

    @Option(
            names = "--head-dim",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "A multiple of 8 (default: 64).")
    private Optional<Sizes> headDim;

    @Option(names = "--causal", description = "Each query sees the keys up to its own (default).")
    private boolean causal;

    @Option(names = "--full", description = "Each query sees all keys.")
    private boolean full;

    @Option(
            names = "--dtype",
            split = ",",
            paramLabel = "TYPE",
            converter = DTypeConverter.class,
            description = "f32, bf16 (default: f32).")
    private List<DType> dtypes = List.of(DType.F32);

    @Override
    public Integer call() {
        boolean named =
                batch.isPresent()
                        || heads.isPresent()
                        || keyHeads.isPresent()
                        || seq.isPresent()
                        || headDim.isPresent();
        var all = new ArrayList<Workload<?>>();
        for (var dtype : dtypes)
            for (boolean masked : masks())
                for (var h : named ? combinations() : Suites.ATTENTIONS) {
                    all.add(Suites.forward(h, masked, dtype, bench.seed()));
                    all.add(Suites.backward(h, masked, dtype, bench.seed()));
                }
        return bench.run(all);
    }

    private List<Boolean> masks() {
        if (causal && full) return List.of(true, false);
        return List.of(!full);
    }

    private List<Heads> combinations() {
        var all = new ArrayList<Heads>();
        for (int b : Sizes.or(batch, 1))
            for (int h : Sizes.or(heads, 12))
                for (int kv : Sizes.or(keyHeads, h))
                    for (int t : Sizes.or(seq, 1024))
                        for (int d : Sizes.or(headDim, 64)) all.add(new Heads(b, h, kv, t, d));
        return all;
    }
}
