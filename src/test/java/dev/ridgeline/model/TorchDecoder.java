package dev.ridgeline.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;

import dev.ridgeline.oracle.TorchEngine;
import dev.ridgeline.oracle.TorchScript;
import dev.ridgeline.tensor.DType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// The same training step in PyTorch: its own operators forward, its autograd backward, and AdamW
/// as its documentation writes it. Parameters are in the order of [Parameters#all].
final class TorchDecoder implements AutoCloseable {
    private static final NDManager MANAGER = TorchEngine.manager(1);

    /// What a step found.
    record Result(double loss, double norm) {}

    private final Config config;
    private final StepOptions options;
    private final List<Parameter> parameters;
    private final TorchScript script;
    private NDList state = new NDList();

    TorchDecoder(Config config, StepOptions options, List<float[]> weights) {
        this.config = config;
        this.options = options;
        this.parameters = Parameters.of(config).all().toList();
        for (int kind = 0; kind < 3; kind++)
            for (int p = 0; p < parameters.size(); p++) {
                long[] dims =
                        parameters.get(p).shape().dims().stream()
                                .mapToLong(Integer::longValue)
                                .toArray();
                float[] values = kind == 0 ? weights.get(p) : new float[weights.get(p).length];
                state.add(MANAGER.create(values, new Shape(dims)));
            }
        this.script = TorchScript.of(MANAGER, body());
        // fusing takes PyTorch half a minute, and a test runs ten steps
        JniUtils.setGraphExecutorOptimize(false);
    }

    Result step(int[] tokens, int[] targets, double rate, long step) {
        var inputs = new NDList(state);
        var shape = new Shape((long) options.microBatches() * options.batch(), options.sequence());
        inputs.add(MANAGER.create(Arrays.stream(tokens).asLongStream().toArray(), shape));
        inputs.add(MANAGER.create(Arrays.stream(targets).asLongStream().toArray(), shape));
        inputs.add(MANAGER.create((float) rate));
        inputs.add(MANAGER.create((float) (1 - Math.pow(options.optimizer().beta1(), step))));
        inputs.add(MANAGER.create((float) (1 - Math.pow(options.optimizer().beta2(), step))));
        var results = script.run(inputs, false);
        var next = new NDList(results.subList(2, results.size()));
        var result =
                new Result(
                        results.get(0)
                                .toType(ai.djl.ndarray.types.DataType.FLOAT64, false)
                                .getDouble(),
                        results.get(1)
                                .toType(ai.djl.ndarray.types.DataType.FLOAT64, false)
                                .getDouble());
        inputs.forEach(NDArray::close);
        state = next;
        return result;
    }

    private String body() {
        var lines = new ArrayList<String>();
        int n = parameters.size();
        lines.add("ps = annotate(List[Tensor], [])");
        lines.add("ms = annotate(List[Tensor], [])");
        lines.add("vs = annotate(List[Tensor], [])");
        for (var list : List.of("ps", "ms", "vs")) {
            int from = List.of("ps", "ms", "vs").indexOf(list) * n;
            lines.add("for i in range(%d):".formatted(n));
            lines.add("  torch.append(%s, torch.detach(inputs[i + %d]))".formatted(list, from));
        }
        lines.add("tokens = inputs[%d]".formatted(3 * n));
        lines.add("targets = inputs[%d]".formatted(3 * n + 1));
        lines.add("rate = inputs[%d]".formatted(3 * n + 2));
        lines.add("unbias1 = inputs[%d]".formatted(3 * n + 3));
        lines.add("unbias2 = inputs[%d]".formatted(3 * n + 4));
        lines.add("self.track(ps)");
        int dtype = options.dtype() == DType.BF16 ? 15 : 6;
        for (int i = 0; i < n; i++) lines.add("p%d = torch.to(ps[%d], %d)".formatted(i, i, dtype));
        lines.add("extra = torch.zeros([], dtype=6)");
        lines.addAll(config.family() == Family.GPT2 ? gpt2() : llama());
        lines.add(
                "flat = torch.reshape(torch.to(logits, 6), [-1, %d])"
                        .formatted(config.vocabulary()));
        lines.add("loss = torch.cross_entropy_loss(flat, torch.reshape(targets, [-1]))");
        lines.add("gs = self.gradients(loss + extra, torch.ones_like(loss), ps)");
        lines.add("squares = torch.zeros([], dtype=6)");
        lines.add("for i in range(%d):".formatted(n));
        lines.add("  squares = squares + torch.sum(gs[i] * gs[i])");
        lines.add("norm = torch.sqrt(squares)");
        lines.add(
                "factor = torch.clamp(%s / (norm + 1.0e-6), None, 1.0)".formatted(options.clip()));
        var o = options.optimizer();
        var decays =
                parameters.stream()
                        .map(p -> String.valueOf(p.decays() ? o.decay() : 0))
                        .collect(Collectors.joining(", "));
        lines.add("decays = [%s]".formatted(decays));
        for (var list : List.of("pn", "mn", "vn"))
            lines.add("%s = annotate(List[Tensor], [])".formatted(list));
        // a loop, because PyTorch takes long to fuse what is written out
        lines.add("for i in range(%d):".formatted(n));
        lines.add("  g = gs[i] * factor");
        lines.add("  m = ms[i] * %s + g * %s".formatted(o.beta1(), 1 - o.beta1()));
        lines.add("  v = vs[i] * %s + g * g * %s".formatted(o.beta2(), 1 - o.beta2()));
        lines.add("  change = (m / unbias1) / (torch.sqrt(v / unbias2) + %s)".formatted(o.eps()));
        lines.add("  old = torch.detach(ps[i])");
        lines.add("  torch.append(pn, old - rate * (change + decays[i] * old))");
        lines.add("  torch.append(mn, m)");
        lines.add("  torch.append(vn, v)");
        lines.add("return [loss, norm] + pn + mn + vn");
        return String.join("\n", lines);
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
            lines.add("qkv = torch.matmul(h, p%d) + p%d".formatted(o, o + 6));
            for (int i = 0; i < 3; i++)
                lines.add(
                        "%s = torch.transpose(torch.reshape(torch.slice(qkv, 2, %d, %d), [%d, %d, %d, %d]), 1, 2)"
                                .formatted("qkv".charAt(i), i * c, (i + 1) * c, b, t, h, d));
            lines.add("y = torch.scaled_dot_product_attention(q, k, v, None, 0., True)");
            lines.add(
                    "y = torch.reshape(torch.transpose(y, 1, 2), [%d, %d, %d])".formatted(b, t, c));
            lines.add("x = x + (torch.matmul(y, p%d) + p%d)".formatted(o + 1, o + 7));
            lines.add(
                    "h = torch.layer_norm(x, [%d], p%d, p%d, %s)"
                            .formatted(c, o + 8, o + 9, config.eps()));
            lines.add(
                    "f = torch.gelu(torch.matmul(h, p%d) + p%d, approximate=\"tanh\")"
                            .formatted(o + 2, o + 10));
            lines.add("x = x + (torch.matmul(f, p%d) + p%d)".formatted(o + 3, o + 11));
        }
        int o = 2 + 12 * config.layers();
        lines.add(
                "x = torch.layer_norm(x, [%d], p%d, p%d, %s)".formatted(c, o, o + 1, config.eps()));
        lines.add("logits = torch.linear(x, p0)");
        return lines;
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
                mixture(lines, o + 4);
            }
        }
        int o = 1 + perLayer * config.layers();
        norm(lines, "x", "x", config.tied() ? o : o + 1);
        lines.add("logits = torch.linear(x, p%d)".formatted(config.tied() ? 0 : o));
        return lines;
    }

    /// All experts on all rows, times a gate that is zero for those that were not chosen.
    private void mixture(List<String> lines, int router) {
        var e = config.experts().orElseThrow();
        int up = router + 1;
        int down = up + 2 * e.count();
        double weight = e.balance() * e.count() / (options.batch() * options.sequence());
        lines.add("s = torch.softmax(torch.to(torch.linear(h, p%d), 6), -1)".formatted(router));
        lines.add("chosen, index = torch.topk(s, %d, -1, True, True)".formatted(e.active()));
        lines.add("chosen = chosen / torch.sum(chosen, [-1], True)");
        for (int i = 0; i < e.count(); i++) {
            lines.add("here = torch.to(torch.eq(index, %d), 6)".formatted(i));
            lines.add("gate = torch.to(torch.sum(chosen * here, [-1], True), p0)");
            lines.add(
                    "f = torch.silu(torch.linear(h, p%d)) * torch.linear(h, p%d)"
                            .formatted(up + 2 * i, up + 2 * i + 1));
            lines.add("x = x + gate * torch.linear(f, p%d)".formatted(down + i));
            lines.add("load = torch.sum(here) * torch.mean(torch.select(s, 2, %d))".formatted(i));
            lines.add("extra = extra + load * %s".formatted(weight));
        }
    }

    private void norm(List<String> lines, String to, String from, int weight) {
        lines.add("n = torch.to(%s, 6)".formatted(from));
        lines.add("n = n * torch.rsqrt(torch.mean(n * n, [2], True) + %s)".formatted(config.eps()));
        lines.add("%s = torch.to(n, p0) * p%d".formatted(to, weight));
    }

    @Override
    public void close() {
        script.close();
        state.forEach(NDArray::close);
    }
}
