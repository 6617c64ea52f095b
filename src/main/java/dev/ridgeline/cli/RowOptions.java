package dev.ridgeline.cli;

import dev.ridgeline.measure.workload.Suites.Rows;
import dev.ridgeline.tensor.DType;

import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Matrices whose rows are treated alike.
final class RowOptions {
    @Option(
            names = "--rows",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "256 or 256,512 or 1024:4096:1024 (start:last:step).")
    private Optional<Sizes> rows;

    @Option(
            names = "--cols",
            paramLabel = Sizes.LABEL,
            converter = Sizes.Converter.class,
            description = "Width of a row; of a cross-entropy, the vocabulary.")
    private Optional<Sizes> cols;

    @Option(
            names = "--dtype",
            split = ",",
            paramLabel = "TYPE",
            converter = DTypeConverter.class,
            description = "f32, bf16 (default: f32).")
    private List<DType> dtypes = List.of(DType.F32);

    List<DType> dtypes() {
        return dtypes;
    }

    /// Whether any shape was asked for.
    boolean named() {
        return rows.isPresent() || cols.isPresent();
    }

    /// Every combination.
    ///
    /// @param usual stands for what was not given
    List<Rows> of(Rows usual) {
        var all = new ArrayList<Rows>();
        for (int r : Sizes.or(rows, usual.rows()))
            for (int c : Sizes.or(cols, usual.cols())) all.add(new Rows(r, c));
        return all;
    }
}
