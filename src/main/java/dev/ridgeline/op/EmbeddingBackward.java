package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Gradients of [Embedding]: `dtable[tokens[r]] += dy[r]` and `dpositions[r mod T] += dy[r]`, rows
/// in order, so that the sum is the same on every run.
///
/// | operand      | shape         | dtype    |
/// |--------------|---------------|----------|
/// | `tokens`     | (rows)        | i32      |
/// | `dy`         | (rows, cols)  | f32/bf16 |
/// | `dtable`     | (vocab, cols) | f32      |
/// | `dpositions` | (T, cols)     | f32      |
///
/// A row whose token is outside `[0, vocab)` adds to `dpositions` only.
public record EmbeddingBackward(
        Tensor tokens, Tensor dy, Tensor dtable, Optional<Tensor> dpositions) implements Op {
    public EmbeddingBackward {

        Require.rank("embedding_backward", "tokens", tokens, 1);
        Require.dtype("embedding_backward", "tokens", tokens, DType.I32);
        Require.rank("embedding_backward", "dtable", dtable, 2);
        Require.dtype("embedding_backward", "dtable", dtable, DType.F32);
        Require.shape("embedding_backward", "dy", dy, tokens.dim(0), dtable.dim(1));
        Require.real("embedding_backward", "dy", dy);
        if (dpositions.isPresent()) {
            var p = dpositions.get();
            Require.rank("embedding_backward", "dpositions", p, 2);
            Require.shape("embedding_backward", "dpositions", p, p.dim(0), dtable.dim(1));
            Require.dtype("embedding_backward", "dpositions", p, DType.F32);
        }
    }

    public int rows() {
        return dy.dim(0);
    }

    public int cols() {
        return dy.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return dpositions
                .map(p -> List.of(tokens, dy, dtable, p))
                .orElse(List.of(tokens, dy, dtable));
    }

    @Override
    public List<Tensor> writes() {
        return dpositions.map(p -> List.of(dtable, p)).orElse(List.of(dtable));
    }

    @Override
    public Cost cost() {
        return new Cost(
                dy.count() * (dpositions.isPresent() ? 2.0 : 1.0),
                tokens.bytes()
                        + dy.bytes()
                        + 2.0 * dy.count() * Float.BYTES
                        + dpositions.map(p -> 2.0 * p.bytes()).orElse(0.0),
                "1 per element and table");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.sum(dy.dim(0), 1, DType.F32);
    }
}
