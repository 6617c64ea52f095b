package dev.ridgeline.bench.peers;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.Launch;
import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SoftmaxBackward;
import dev.ridgeline.reference.Dense;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What a user would call instead, op by op. Each runs the library's own operator, and where a
/// script holds several they are the ones PyTorch's autograd would run.
final class Peers {
    static final String PYTORCH = "pytorch";

    private Peers() {}

    /// @param threads of each library, set through its own interface
    @SuppressWarnings("unchecked") // a kernel's id names the op it is a kernel of
    static <O extends Op> List<Kernel<O>> kernels(Class<O> op, int threads) {
        if (op == Gemm.class)
            return (List<Kernel<O>>)
                    (List<?>)
                            List.of(Blas.openBlas(threads), Blas.oneDnn(threads), matmul(threads));
        return (List<Kernel<O>>)
                (List<?>)
                        Stream.of(
                                        attention(threads),
                                        attentionBackward(threads),
                                        rmsNorm(threads),
                                        layerNorm(threads),
                                        layerNormBackward(threads),
                                        softmax(threads),
                                        softmaxBackward(threads),
                                        crossEntropy(threads),
                                        adamW(threads))
                                .filter(k -> k.id().op().equals(Op.name(op)))
                                .toList();
    }

    private static Peer<Gemm> matmul(int threads) {
        return Peer.of(
                Gemm.class,
                PYTORCH,
                "matmul",
                op ->
                        op.batch() == 1
                                        && op.epilogue().bias().isEmpty()
                                        && op.epilogue().preactivation().isEmpty()
                                ? Optional.empty()
                                : Optional.of("compared as one product without bias"),
                op -> {
                    var a = op.form().transposesA() ? "torch.t(a)" : "a";
                    var b = op.form().transposesB() ? "torch.t(b)" : "b";
                    var product =
                            op.epilogue().equals(Epilogue.ACCUMULATE)
                                    ? "torch.addmm(c, %s, %s, out=c)"
                                    : "torch.matmul(%s, %s, out=c)";
                    return new Torch(
                            op,
                            "a, b, c = inputs\nreturn [%s]".formatted(product.formatted(a, b)),
                            List.of(op.a(), op.b(), op.c()),
                            threads);
                });
    }

    /// The operator `scaled_dot_product_attention` calls on a CPU, which also returns the
    /// log-sum-exp.
    private static Peer<Attention> attention(int threads) {
        return Peer.of(
                Attention.class,
                PYTORCH,
                "sdpa",
                op ->
                        op.heads() == op.keyHeads()
                                ? Optional.empty()
                                : Optional.of("compared with as many key heads as query heads"),
                op ->
                        new Torch(
                                op,
                                """
                                q, k, v = inputs
                                out, lse = torch._scaled_dot_product_flash_attention_for_cpu(\
                                q, k, v, 0., %s, attn_mask=None, scale=%s)
                                return [out, lse]
                                """
                                        .formatted(python(op.causal()), op.scale()),
                                List.of(op.q(), op.k(), op.v()),
                                threads));
    }

    /// The gradient of the same, without autograd's bookkeeping around it.
    private static Peer<AttentionBackward> attentionBackward(int threads) {
        return Peer.of(
                AttentionBackward.class,
                PYTORCH,
                "sdpa",
                op ->
                        op.heads() == op.keyHeads()
                                ? Optional.empty()
                                : Optional.of("compared with as many key heads as query heads"),
                op ->
                        new Torch(
                                op,
                                """
                                dout, q, k, v, out, lse = inputs
                                dq, dk, dv = torch.\
                                _scaled_dot_product_flash_attention_for_cpu_backward(\
                                dout, q, k, v, out, lse, 0., %s, attn_mask=None, scale=%s)
                                return [dq, dk, dv]
                                """
                                        .formatted(python(op.causal()), op.scale()),
                                List.of(op.dout(), op.q(), op.k(), op.v(), op.out(), op.lse()),
                                threads));
    }

    /// `torch.rms_norm` is these operators in PyTorch 2.7, and keeps `rstd` to itself.
    private static Peer<RmsNorm> rmsNorm(int threads) {
        return Peer.of(
                RmsNorm.class,
                PYTORCH,
                "rms_norm",
                op ->
                        new Torch(
                                op,
                                """
                                x, weight = inputs
                                mean = torch.mean(torch.pow(x, 2), [1], True)
                                rstd = torch.rsqrt(torch.add_(mean, %s))
                                return [torch.mul(torch.mul(x, rstd), weight), rstd]
                                """
                                        .formatted(op.eps()),
                                List.of(op.x(), op.weight()),
                                threads));
    }

    private static Peer<LayerNorm> layerNorm(int threads) {
        return Peer.of(
                LayerNorm.class,
                PYTORCH,
                "layer_norm",
                op ->
                        new Torch(
                                op,
                                """
                                x, weight, bias = inputs
                                y, mean, rstd = torch.native_layer_norm(x, [%d], weight, bias, %s)
                                return [y, mean, rstd]
                                """
                                        .formatted(op.cols(), op.eps()),
                                List.of(op.x(), op.weight(), op.bias()),
                                threads));
    }

    private static Peer<LayerNormBackward> layerNormBackward(int threads) {
        return Peer.of(
                LayerNormBackward.class,
                PYTORCH,
                "layer_norm",
                op ->
                        new Torch(
                                op,
                                """
                                x, weight, mean, rstd, dy, dweight, dbias = inputs
                                mean = torch.unsqueeze(mean, 1)
                                rstd = torch.unsqueeze(rstd, 1)
                                dx, dw, db = torch.native_layer_norm_backward(\
                                dy, x, [%d], mean, rstd, weight, weight, [True, True, True])
                                return [dx, torch.add_(dweight, dw), torch.add_(dbias, db)]
                                """
                                        .formatted(op.cols()),
                                op.reads(),
                                threads));
    }

    private static Peer<Softmax> softmax(int threads) {
        return Peer.of(
                Softmax.class,
                PYTORCH,
                "softmax",
                op ->
                        new Torch(
                                op,
                                "x, y = inputs\nreturn [torch._softmax(x, 1, False, out=y)]",
                                List.of(op.x(), op.y()),
                                threads));
    }

    private static Peer<SoftmaxBackward> softmaxBackward(int threads) {
        return Peer.of(
                SoftmaxBackward.class,
                PYTORCH,
                "softmax",
                op ->
                        new Torch(
                                op,
                                """
                                y, dy, dx = inputs
                                return [torch._softmax_backward_data(dy, y, 1, 6, grad_input=dx)]
                                """,
                                List.of(op.y(), op.dy(), op.dx()),
                                threads));
    }

    private static Peer<CrossEntropy> crossEntropy(int threads) {
        return Peer.of(
                CrossEntropy.class,
                PYTORCH,
                "cross_entropy",
                op ->
                        new Torch(
                                op,
                                """
                                logits, targets = inputs
                                p = torch._log_softmax(logits, 1, False)
                                losses, total = torch.nll_loss_forward(p, targets, None, 0, -100)
                                seed = torch.full_like(losses, %s)
                                g = torch.nll_loss_backward(\
                                seed, p, targets, None, 0, -100, total)
                                return [losses, torch._log_softmax_backward_data(g, p, 1, 6)]
                                """
                                        .formatted(op.scale()),
                                List.of(op.logits(), op.targets()),
                                threads));
    }

    /// The operator behind `torch.optim.AdamW(fused=True)`. It returns nothing, and TorchScript
    /// drops the call unless the lists it was given are read afterwards.
    private static Peer<AdamW> adamW(int threads) {
        return Peer.of(
                AdamW.class,
                PYTORCH,
                "fused",
                op ->
                        op.copy().isEmpty()
                                ? Optional.empty()
                                : Optional.of("compared without a bf16 copy of the parameters"),
                op -> fusedStep(op, threads));
    }

    private static Launch fusedStep(AdamW op, int threads) {
        double[] scalars = Dense.read(op.scalars());
        // 1 - beta1^t is what the op is given, t what PyTorch asks for
        double step = Math.rint(Math.log(1 - scalars[1]) / Math.log(op.beta1()));
        var scaled =
                scalars[3] == 1
                        ? ""
                        : ", grad_scale=torch.full([], %s, dtype=6)".formatted(1 / scalars[3]);
        return new Torch(
                op,
                """
                p, g, m, v = inputs
                step = torch.full([], %s, dtype=6)
                none = annotate(List[Tensor], [])
                ps = [p]
                ms = [m]
                vs = [v]
                torch._fused_adamw_(ps, [g], ms, vs, none, [step], lr=%s, beta1=%s, beta2=%s, \
                weight_decay=%s, eps=%s, amsgrad=False, maximize=False%s)
                return ps + ms + vs
                """
                        .formatted(
                                step,
                                scalars[0],
                                op.beta1(),
                                op.beta2(),
                                op.decay(),
                                op.eps(),
                                scaled),
                List.of(op.parameter(), op.gradient(), op.m(), op.v()),
                threads);
    }

    private static String python(boolean value) {
        return value ? "True" : "False";
    }
}
