package dev.ridgeline.cli;

import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.GemmWorkloads;
import dev.ridgeline.measure.workload.Suites;
import dev.ridgeline.measure.workload.Suites.Product;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.tensor.DType;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

@Command(
        name = "gemm",
        description = {
            "Matrix products of a linear layer: y = x W^T is nt, dx = dy W is nn, dW += dy^T x is"
                    + " tn.",
            "Several values of several flags give every combination."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class BenchGemm implements Callable<Integer> {
    @ParentCommand private Bench bench;

    @Option(
            names = "--shapes",
            split = ",",
            paramLabel = "MxKxN",
            converter = ProductConverter.class,
            description = "Rows of the result x depth x columns, as in 256x768x50257.")
    private List<Product> shapes = List.of();

    @Option(
            names = "--m",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "Rows: 256 or 256,512 or 1024:4096:1024 (start:last:step).")
    private Optional<Sizes> m;

    @Option(
            names = "--n",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "Columns.")
    private Optional<Sizes> n;

    @Option(
            names = "--k",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "Depth.")
    private Optional<Sizes> k;

    @Option(
            names = "--form",
            split = ",",
            paramLabel = "FORM",
            description = "nt, nn, tn (default: nt).")
    private List<Form> forms = List.of(Form.NT);

    @Option(
            names = "--dtype",
            split = ",",
            paramLabel = "TYPE",
            converter = DTypeConverter.Factors.class,
            description = "f32, bf16, f16, e4m3, e5m2 (default: f32).")
    private List<DType> dtypes = List.of(DType.F32);

    @Option(
            names = "--batch",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "That many independent products at once.")
    private Optional<Sizes> batch;

    @Override
    public Integer call() {
        var all = new ArrayList<Workload<?>>();
        for (var dtype : dtypes)
            for (var form : forms)
                for (var p : products())
                    if (batch.isEmpty())
                        all.add(GemmWorkloads.gemm(form, p.m(), p.k(), p.n(), dtype, bench.seed()));
                    else
                        for (int b : batch.get().values())
                            all.add(
                                    GemmWorkloads.batched(
                                            form, b, p.m(), p.k(), p.n(), dtype, bench.seed()));
        return bench.run(all);
    }

    private List<Product> products() {
        boolean any = m.isPresent() || n.isPresent() || k.isPresent();
        boolean all = m.isPresent() && n.isPresent() && k.isPresent();
        if (any && !all) throw Fault.usage("--m, --n and --k belong together");
        if (!any) return shapes.isEmpty() ? Suites.PRODUCTS : shapes;
        var products = new ArrayList<>(shapes);
        for (int rows : m.get().values())
            for (int depth : k.get().values())
                for (int columns : n.get().values())
                    products.add(new Product(rows, depth, columns));
        return products;
    }
}
