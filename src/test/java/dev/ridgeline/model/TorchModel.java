package dev.ridgeline.model;

import dev.ridgeline.tensor.DType;

import java.util.ArrayList;
import java.util.List;

/// A decoder's forward pass and loss as lines of TorchScript, written with PyTorch's own operators.
///
/// They see the parameters in f32 as `ps`, in the order of [Parameters#all], `tokens` and
/// `targets`, (sequences, T) of 64 bits, and in `routes` the experts that each layer's tokens go
/// to, (sequences, T, k) of 64 bits, or nothing, for the k most probable. They leave `loss`, in
/// `extra` what the load balance of experts adds to it, and in `regret` by how much at most the
/// probability of an expert that was passed over exceeds that of a chosen one.
public final class TorchModel {
    private final Config config;
    private final StepOptions options;

    private TorchModel(Config config, StepOptions options) {
        this.config = config;
        this.options = options;
    }

    public static List<String> loss(Config config, StepOptions options) {
        var model = new TorchModel(config, options);
        var lines = new ArrayList<String>();
        int dtype = options.dtype() == DType.BF16 ? 15 : 6;
        long parameters = Parameters.of(config).all().count();
        for (int i = 0; i < parameters; i++)
            lines.add("p%d = torch.to(ps[%d], %d)".formatted(i, i, dtype));
        lines.add("extra = torch.zeros([], dtype=6)");
        lines.add("regret = torch.full([], -1., dtype=6)");
        lines.addAll(config.family() == Family.GPT2 ? model.gpt2() : model.llama());
        lines.add(
                "flat = torch.reshape(torch.to(logits, 6), [-1, %d])"
                        .formatted(config.vocabulary()));
        lines.add("loss = torch.cross_entropy_loss(flat, torch.reshape(targets, [-1]))");
        return lines;
    }

    private List<String> gpt2() {
        var lines = new ArrayList<String>();
        int c = config.width();
        int b = options.batch() * options.microBatches();
        int t = options.sequence();
        int h = config.heads();
        int d = config.headDim();
        lines.add("x = torch.embedding(p0, tokens) + torch.slice(p1, 0, 0, %d)".formatted(t));
        for (int l = 0; l < config.layers(); l++) {
            int o = 2 + 12 * l;
            // QKV OUT UP DOWN | n1 n1b qkvb outb n2 n2b upb downb
            lines.add(
                    "h = torch.layer_norm(x, [%d], p%d, p%d, %s)"
                            .formatted(c, o + 4, o + 5, config.eps()));
            lines.add("qkv = " + linear("h", o, o + 6, 3 * c));
            for (int i = 0; i < 3; i++)
                lines.add(
                        "%s = torch.transpose(torch.reshape(torch.slice(qkv, 2, %d, %d), [%d, %d, %d, %d]), 1, 2)"
                                .formatted("qkv".charAt(i), i * c, (i + 1) * c, b, t, h, d));
            lines.add("y = torch.scaled_dot_product_attention(q, k, v, None, 0., True)");
            lines.add(
                    "y = torch.reshape(torch.transpose(y, 1, 2), [%d, %d, %d])".formatted(b, t, c));
            lines.add("x = x + " + linear("y", o + 1, o + 7, c));
            lines.add(
                    "h = torch.layer_norm(x, [%d], p%d, p%d, %s)"
                            .formatted(c, o + 8, o + 9, config.eps()));
            int hidden = config.hidden();
            lines.add("f = " + linear("h", o + 2, o + 10, hidden));
            lines.add("f = torch.gelu(f, approximate=\"tanh\")");
            lines.add("x = x + " + linear("f", o + 3, o + 11, c));
        }
        int o = 2 + 12 * config.layers();
        lines.add(
                "x = torch.layer_norm(x, [%d], p%d, p%d, %s)".formatted(c, o, o + 1, config.eps()));
        lines.add("logits = torch.linear(x, p0)");
        return lines;
    }

    /// `x · W + b` with the bias inside the product, as the public GPT-2 has it.
    private String linear(String x, int weight, int bias, int outputs) {
        return "torch.reshape(torch.addmm(p%d, torch.flatten(%s, 0, 1), p%d), [%d, %d, %d])"
                .formatted(
                        bias,
                        x,
                        weight,
                        options.batch() * options.microBatches(),
                        options.sequence(),
                        outputs);
    }

    private List<String> llama() {
        var lines = new ArrayList<String>();
        int experts = config.experts().map(Experts::count).orElse(0);
        int perLayer = experts == 0 ? 9 : 7 + 3 * experts;
        int b = options.batch() * options.microBatches();
        int t = options.sequence();
        int h = config.heads();
        int k = config.keyHeads();
        int d = config.headDim();
        float[] f = config.rotary().orElseThrow().frequencies(d);
        var list = new StringBuilder();
        for (int i = 0; i < 2; i++)
            for (float each : f) list.append(list.isEmpty() ? "" : ", ").append(each);
        lines.add(
                "angles = torch.outer(torch.arange(%d, dtype=6), torch.tensor([%s], dtype=6))"
                        .formatted(t, list));
        lines.add("co = torch.cos(angles)");
        lines.add("si = torch.sin(angles)");
        lines.add("x = torch.embedding(p0, tokens)");
        for (int l = 0; l < config.layers(); l++) {
            int o = 1 + perLayer * l;
            // q k v o gate up down | n1 n2
            norm(lines, "h", "x", o + perLayer - 2);
            var names = List.of("q", "k", "v");
            for (int i = 0; i < 3; i++) {
                int heads = i == 0 ? h : k;
                var name = names.get(i);
                lines.add(
                        "%s = torch.transpose(torch.reshape(torch.linear(h, p%d), [%d, %d, %d, %d]), 1, 2)"
                                .formatted(name, o + i, b, t, heads, d));
                if (i < 2) {
                    lines.add("w = torch.to(%s, 6)".formatted(name));
                    lines.add(
                            "r = torch.cat([torch.neg(torch.slice(w, 3, %d, %d)), torch.slice(w, 3, 0, %d)], 3)"
                                    .formatted(d / 2, d, d / 2));
                    lines.add("%s = torch.to(w * co + r * si, p0)".formatted(name));
                }
                if (i > 0)
                    lines.add(
                            "%s = torch.repeat_interleave(%s, %d, 1)".formatted(name, name, h / k));
            }
            lines.add("y = torch.scaled_dot_product_attention(q, k, v, None, 0., True)");
            lines.add(
                    "y = torch.reshape(torch.transpose(y, 1, 2), [%d, %d, %d])"
                            .formatted(b, t, h * d));
            lines.add("x = x + torch.linear(y, p%d)".formatted(o + 3));
            norm(lines, "h", "x", o + perLayer - 1);
            if (experts == 0) {
                lines.add(
                        "f = torch.silu(torch.linear(h, p%d)) * torch.linear(h, p%d)"
                                .formatted(o + 4, o + 5));
                lines.add("x = x + torch.linear(f, p%d)".formatted(o + 6));
            } else {
                mixture(lines, l, o + 4);
            }
        }
        int o = 1 + perLayer * config.layers();
        norm(lines, "x", "x", config.tied() ? o : o + 1);
        lines.add("logits = torch.linear(x, p%d)".formatted(config.tied() ? 0 : o));
        return lines;
    }

    /// All experts on all rows, times a gate that is zero for those that were not chosen. The
    /// router's logits and the sum over experts are f32, as in the model: rounded to bf16, near
    /// ties would send rows elsewhere.
    private void mixture(List<String> lines, int layer, int router) {
        var e = config.experts().orElseThrow();
        int up = router + 1;
        int down = up + 2 * e.count();
        double weight = e.balance() * e.count() / (options.batch() * options.sequence());
        lines.add(
                "s = torch.softmax(torch.linear(torch.to(h, 6), torch.to(p%d, 6)), -1)"
                        .formatted(router));
        lines.add("if len(routes) > %d:".formatted(layer));
        lines.add("  index = routes[%d]".formatted(layer));
        lines.add("else:");
        lines.add("  _, index = torch.topk(s, %d, -1, True, True)".formatted(e.active()));
        lines.add("chosen = torch.gather(s, -1, index)");
        lines.add("passed = torch.amax(torch.scatter(s, -1, index, -1.), [-1])");
        lines.add("worse = torch.max(passed - torch.amin(chosen, [-1]))");
        lines.add("regret = torch.maximum(regret, torch.detach(worse))");
        lines.add("chosen = chosen / torch.sum(chosen, [-1], True)");
        lines.add("y = torch.zeros_like(h, dtype=6)");
        for (int i = 0; i < e.count(); i++) {
            lines.add("here = torch.to(torch.eq(index, %d), 6)".formatted(i));
            lines.add("gate = torch.sum(chosen * here, [-1], True)");
            lines.add(
                    "f = torch.silu(torch.linear(h, p%d)) * torch.linear(h, p%d)"
                            .formatted(up + 2 * i, up + 2 * i + 1));
            lines.add("y = y + gate * torch.linear(f, p%d)".formatted(down + i));
            lines.add("load = torch.sum(here) * torch.mean(torch.select(s, 2, %d))".formatted(i));
            lines.add("extra = extra + load * %s".formatted(weight));
        }
        lines.add("x = x + torch.to(y, p0)");
    }

    private void norm(List<String> lines, String to, String from, int weight) {
        lines.add("n = torch.to(%s, 6)".formatted(from));
        lines.add("n = n * torch.rsqrt(torch.mean(n * n, [2], True) + %s)".formatted(config.eps()));
        lines.add("%s = torch.to(n, p0) * p%d".formatted(to, weight));
    }
}
