package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Row lookup, `y[r] = table[tokens[r]]`, plus `positions[r mod T]` where positions are learned.
///
/// | operand     | shape         | dtype    |
/// |-------------|---------------|----------|
/// | `tokens`    | (rows)        | i32      |
/// | `table`     | (vocab, cols) | f32/bf16 |
/// | `positions` | (T, cols)     | as table |
/// | `y`         | (rows, cols)  | as table |
///
/// A token outside `[0, vocab)` is an error of the caller and gives a NaN row.
public record Embedding(Tensor tokens, Tensor table, Optional<Tensor> positions, Tensor y)
        implements Op {
    public Embedding {

        Require.rank("embedding", "tokens", tokens, 1);
        Require.dtype("embedding", "tokens", tokens, DType.I32);
        Require.rank("embedding", "table", table, 2);
        Require.real("embedding", "table", table);
        Require.shape("embedding", "y", y, tokens.dim(0), table.dim(1));
        Require.dtype("embedding", "y", y, table.dtype());
        if (positions.isPresent()) {
            var p = positions.get();
            Require.rank("embedding", "positions", p, 2);
            Require.shape("embedding", "positions", p, p.dim(0), table.dim(1));
            Require.dtype("embedding", "positions", p, table.dtype());
        }
    }

    public int rows() {
        return y.dim(0);
    }

    public int cols() {
        return y.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return positions.map(p -> List.of(tokens, table, p)).orElse(List.of(tokens, table));
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y);
    }

    @Override
    public Cost cost() {
        return new Cost(
                positions.isPresent() ? y.count() : 0.0,
                tokens.bytes() + 2.0 * y.bytes() + positions.map(Tensor::bytes).orElse(0L),
                "1 per element where positions are added");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(2, 0, y.dtype());
    }
}
