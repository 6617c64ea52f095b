package dev.ridgeline.model;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Rope;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// Causal self-attention on rows of B sequences of T: one projection to queries, keys and values,
/// rotary positions where the model has them, attention on views of its result, and the output
/// projection.
record SelfAttention(
        Config config,
        int batch,
        int sequence,
        Linear qkv,
        Linear out,
        Optional<Tensor> frequencies) {
    /// @param qkv (rows, qkv), queries and keys turned
    /// @param heads (rows, heads · headDim), what attention gives
    record Saved(Tensor qkv, Tensor heads, Tensor lse) {
        static Saved in(
                Memory memory,
                Kind kind,
                String owner,
                DType dtype,
                Config config,
                int batch,
                int sequence) {
            int rows = batch * sequence;
            return new Saved(
                    memory.tensor(kind, owner, dtype, rows, config.qkvWidth()),
                    memory.tensor(kind, owner, dtype, rows, config.heads() * config.headDim()),
                    memory.tensor(kind, owner, DType.F32, batch, config.heads(), sequence));
        }
    }

    /// @param y (rows, width), overwritten
    void forward(List<Op> ops, Tensor x, Saved saved, Tensor y) {
        inner(ops, x, saved);
        ops.add(out.forward(saved.heads(), y));
    }

    /// All but the output projection.
    private void inner(List<Op> ops, Tensor x, Saved saved) {
        ops.add(qkv.forward(x, saved.qkv()));
        turn(ops, saved.qkv(), false);
        ops.add(
                new Attention(
                        queries(saved.qkv()),
                        keys(saved.qkv()),
                        values(saved.qkv()),
                        heads(saved.heads()),
                        saved.lse(),
                        true,
                        config.attentionScale()));
    }

    /// @param dqkv and `dheads` are overwritten, and so is `dx`
    void backward(
            List<Op> ops,
            Tensor x,
            Saved saved,
            Tensor dy,
            Tensor dqkv,
            Tensor dheads,
            Tensor dx,
            boolean accumulate) {
        out.backward(ops, saved.heads(), dy, dheads, accumulate);
        ops.add(
                new AttentionBackward(
                        queries(saved.qkv()),
                        keys(saved.qkv()),
                        values(saved.qkv()),
                        heads(saved.heads()),
                        saved.lse(),
                        heads(dheads),
                        queries(dqkv),
                        keys(dqkv),
                        values(dqkv),
                        true,
                        config.attentionScale()));
        turn(ops, dqkv, true);
        qkv.backward(ops, x, dqkv, dx, accumulate);
    }

    /// Queries and keys lie side by side, so one op turns both.
    private void turn(List<Op> ops, Tensor both, boolean inverse) {
        frequencies.ifPresent(
                f -> {
                    var x = view(both, 0, config.heads() + config.keyHeads());
                    ops.add(new Rope(x, f, x, 0, inverse));
                });
    }

    private Tensor queries(Tensor both) {
        return view(both, 0, config.heads());
    }

    private Tensor keys(Tensor both) {
        return view(both, config.heads(), config.keyHeads());
    }

    private Tensor values(Tensor both) {
        return view(both, config.heads() + config.keyHeads(), config.keyHeads());
    }

    private Tensor heads(Tensor t) {
        return view(t, 0, config.heads());
    }

    /// (B, count, T, headDim) of a tensor whose rows are heads side by side.
    private Tensor view(Tensor t, int first, int count) {
        int dim = config.headDim();
        long row = t.stride(0);
        return new Tensor(
                t.dtype(),
                Shape.of(batch, count, sequence, dim),
                List.of(sequence * row, (long) dim, row, 1L),
                t.buffer(),
                t.offset() + (long) first * dim);
    }
}
