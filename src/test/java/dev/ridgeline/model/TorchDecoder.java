package dev.ridgeline.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;

import dev.ridgeline.oracle.TorchEngine;
import dev.ridgeline.oracle.TorchScript;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// The same training step in PyTorch: its own operators forward, its autograd backward, and AdamW
/// as its documentation writes it. Parameters are in the order of [Parameters#all].
final class TorchDecoder implements AutoCloseable {
    private static final NDManager MANAGER = TorchEngine.manager(1);

    /// What a step found.
    ///
    /// @param regret see [TorchModel]
    record Result(double loss, double norm, double regret) {}

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

    /// @param routes the experts that each layer's tokens go to, (tokens, k); none for PyTorch's
    ///   choice
    Result step(int[] tokens, int[] targets, double rate, long step, List<int[]> routes) {
        var inputs = new NDList(state);
        var shape = new Shape((long) options.microBatches() * options.batch(), options.sequence());
        inputs.add(MANAGER.create(longs(tokens), shape));
        inputs.add(MANAGER.create(longs(targets), shape));
        inputs.add(MANAGER.create((float) rate));
        inputs.add(MANAGER.create((float) (1 - Math.pow(options.optimizer().beta1(), step))));
        inputs.add(MANAGER.create((float) (1 - Math.pow(options.optimizer().beta2(), step))));
        for (var route : routes)
            inputs.add(MANAGER.create(longs(route), shape.add(route.length / tokens.length)));
        var results = script.run(inputs, false);
        var next = new NDList(results.subList(3, results.size()));
        var result = new Result(number(results, 0), number(results, 1), number(results, 2));
        inputs.forEach(NDArray::close);
        state = next;
        return result;
    }

    private static long[] longs(int[] values) {
        return Arrays.stream(values).asLongStream().toArray();
    }

    private static double number(NDList results, int i) {
        return results.get(i).toType(DataType.FLOAT64, false).getDouble();
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
        lines.add("routes = annotate(List[Tensor], [])");
        lines.add("for i in range(%d, len(inputs)):".formatted(3 * n + 5));
        lines.add("  torch.append(routes, inputs[i])");
        lines.add("self.track(ps)");
        lines.addAll(TorchModel.loss(config, options));
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
        lines.add("return [loss, norm, regret] + pn + mn + vn");
        return String.join("\n", lines);
    }

    @Override
    public void close() {
        script.close();
        state.forEach(NDArray::close);
    }
}
