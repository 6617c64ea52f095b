package dev.ridgeline.model;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.op.Add;
import dev.ridgeline.op.Combine;
import dev.ridgeline.op.CombineBackward;
import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Router;
import dev.ridgeline.op.RouterBackward;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// A mixture of experts: each row goes to a few gated units, and their results are summed by the
/// router's gates. No row is dropped.
///
/// @param up (experts, 2 hidden, width), gates first
/// @param down (experts, width, hidden)
/// @param balance weight of the load-balance loss in the gradient of one batch
record MixtureFeedForward(
        Linear router,
        Tensor up,
        Tensor down,
        Tensor upGradient,
        Tensor downGradient,
        double balance,
        Routed saved,
        Optional<Gradient> gradient)
        implements FeedForward {
    /// The forward pass; pairs are (row, choice) in the order of their experts.
    ///
    /// @param gathered (pairs, width), the rows of the pairs
    /// @param up (pairs, 2 hidden)
    /// @param active (pairs, hidden)
    /// @param results (pairs, width)
    record Routed(
            Tensor logits,
            Tensor probabilities,
            Tensor gates,
            Tensor experts,
            Tensor places,
            Tensor sources,
            Tensor offsets,
            Tensor gathered,
            Tensor up,
            Tensor active,
            Tensor results)
            implements FeedForward.Saved {
        static Routed in(
                Memory memory, Kind kind, String owner, DType dtype, Config config, int rows) {
            var experts = config.experts().orElseThrow();
            int count = experts.count();
            int k = experts.active();
            int pairs = Math.multiplyExact(rows, k);
            return new Routed(
                    memory.tensor(kind, owner, DType.F32, rows, count),
                    memory.tensor(kind, owner, DType.F32, rows, count),
                    memory.tensor(kind, owner, DType.F32, rows, k),
                    memory.tensor(kind, owner, DType.I32, rows, k),
                    memory.tensor(kind, owner, DType.I32, rows, k),
                    memory.tensor(kind, owner, DType.I32, pairs),
                    memory.tensor(kind, owner, DType.I32, count + 1),
                    memory.tensor(kind, owner, dtype, pairs, config.width()),
                    memory.tensor(kind, owner, dtype, pairs, 2 * config.hidden()),
                    memory.tensor(kind, owner, dtype, pairs, config.hidden()),
                    memory.tensor(kind, owner, dtype, pairs, config.width()));
        }
    }

    /// Gradients of the same.
    ///
    /// @param x (rows, width), through the router
    record Gradient(
            Tensor logits,
            Tensor gates,
            Tensor gathered,
            Tensor up,
            Tensor active,
            Tensor results,
            Tensor x)
            implements FeedForward.Saved {
        static Gradient in(
                Memory memory, Kind kind, String owner, DType dtype, Config config, int rows) {
            var experts = config.experts().orElseThrow();
            int pairs = Math.multiplyExact(rows, experts.active());
            return new Gradient(
                    memory.tensor(kind, owner, dtype, rows, experts.count()),
                    memory.tensor(kind, owner, DType.F32, rows, experts.active()),
                    memory.tensor(kind, owner, dtype, pairs, config.width()),
                    memory.tensor(kind, owner, dtype, pairs, 2 * config.hidden()),
                    memory.tensor(kind, owner, dtype, pairs, config.hidden()),
                    memory.tensor(kind, owner, dtype, pairs, config.width()),
                    memory.tensor(kind, owner, dtype, rows, config.width()));
        }
    }

    @Override
    public void forward(List<Op> ops, Tensor x, Tensor y) {
        recompute(ops, x);
        ops.add(new Combine(saved.results, Optional.of(saved.gates), saved.places, y));
    }

    @Override
    public void recompute(List<Op> ops, Tensor x) {
        ops.add(router.forward(x, saved.logits));
        ops.add(
                new Router(
                        saved.logits,
                        saved.probabilities,
                        saved.gates,
                        saved.experts,
                        saved.places,
                        saved.sources,
                        saved.offsets));
        ops.add(new Embedding(saved.sources, x, Optional.empty(), saved.gathered));
        ops.add(new GroupedGemm(Form.NT, saved.gathered, up, saved.offsets, saved.up, false));
        ops.add(
                new SwiGlu(
                        DenseFeedForward.left(saved.up),
                        DenseFeedForward.right(saved.up),
                        saved.active));
        ops.add(new GroupedGemm(Form.NT, saved.active, down, saved.offsets, saved.results, false));
    }

    @Override
    public void backward(List<Op> ops, Tensor x, Tensor dy, Tensor dx, boolean accumulate) {
        var d = gradient.orElseThrow();
        ops.add(
                new CombineBackward(
                        saved.results, saved.gates, saved.places, dy, d.results, d.gates));
        grouped(ops, d.results, saved.active, down, downGradient, d.active, accumulate);
        ops.add(
                new SwiGluBackward(
                        DenseFeedForward.left(saved.up),
                        DenseFeedForward.right(saved.up),
                        d.active,
                        DenseFeedForward.left(d.up),
                        DenseFeedForward.right(d.up)));
        grouped(ops, d.up, saved.gathered, up, upGradient, d.gathered, accumulate);
        ops.add(new Combine(d.gathered, Optional.empty(), saved.places, dx));
        ops.add(
                new RouterBackward(
                        saved.probabilities,
                        saved.gates,
                        saved.experts,
                        saved.offsets,
                        d.gates,
                        d.logits,
                        balance));
        var epilogue = accumulate ? Epilogue.ACCUMULATE : Epilogue.NONE;
        ops.add(new Gemm(Form.TN, d.logits, x, router.weightGradient(), epilogue));
        ops.add(new Gemm(Form.NN, d.logits, router.weight(), d.x));
        ops.add(new Add(dx, d.x, dx));
    }

    /// Gradients of a product by expert: of its weights and of its input.
    private void grouped(
            List<Op> ops,
            Tensor dy,
            Tensor x,
            Tensor weight,
            Tensor weightGradient,
            Tensor dx,
            boolean accumulate) {
        ops.add(new GroupedGemm(Form.TN, dy, x, saved.offsets, weightGradient, accumulate));
        ops.add(new GroupedGemm(Form.NN, dy, weight, saved.offsets, dx, false));
    }
}
