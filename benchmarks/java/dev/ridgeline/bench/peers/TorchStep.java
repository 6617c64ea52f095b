package dev.ridgeline.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import dev.ridgeline.model.Config;
import dev.ridgeline.model.Memory;
import dev.ridgeline.model.Parameter;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.TorchModel;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.oracle.TorchEngine;
import dev.ridgeline.oracle.TorchScript;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// A whole training step in PyTorch, as fast as it offers it on a CPU: biases inside the products,
/// its fused attention, autograd, the norm of all gradients by one call, and its fused AdamW, which
/// also applies the clipping. Weights and moments are updated in place.
final class TorchStep implements AutoCloseable {
    private final List<Parameter> parameters;
    private final StepOptions options;
    private final NDManager manager;
    private final TorchScript script;
    private final NDList state = new NDList();
    private final int batch;
    private final int sequence;

    /// What a step found.
    record Result(double loss, double norm) {}

    /// @param from whose weights it begins with
    /// @param rate learning rate
    TorchStep(TrainingStep from, double rate, int threads) {
        var graph = from.graph();
        options = graph.options();
        batch = options.batch() * options.microBatches();
        sequence = options.sequence();
        parameters = Parameters.of(graph.config()).all().toList();
        manager = TorchEngine.manager(threads);
        from.transfer()
                .read(
                        Memory.Kind.WEIGHTS,
                        (_, _, parameter, memory) ->
                                state.add(
                                        manager.create(
                                                memory.toArray(ValueLayout.JAVA_FLOAT),
                                                shape(parameter))));
        for (int moment = 0; moment < 2; moment++)
            for (var parameter : parameters)
                state.add(manager.zeros(shape(parameter), DataType.FLOAT32));
        for (int i = 0; i < parameters.size(); i++)
            state.add(manager.zeros(new Shape(), DataType.FLOAT32));
        script = TorchScript.of(manager, body(graph.config(), rate));
    }

    private static Shape shape(Parameter parameter) {
        return new Shape(parameter.shape().dims().stream().mapToLong(Integer::longValue).toArray());
    }

    /// One step on (batch · sequence) tokens.
    ///
    /// @param exact the norm that is returned is summed in f64: PyTorch's own sums f32 in f32,
    ///   which for GPT-2 124M misses by 2e-4
    Result step(int[] tokens, int[] targets, boolean exact) {
        var inputs = new NDList(state);
        for (int[] ids : List.of(tokens, targets))
            inputs.add(
                    manager.create(
                            Arrays.stream(ids).asLongStream().toArray(),
                            new Shape(batch, sequence)));
        inputs.add(manager.create(exact));
        try (var results = script.run(inputs, false)) {
            return new Result(results.get(0).getFloat(), results.get(1).getFloat());
        } finally {
            inputs.subList(state.size(), inputs.size()).forEach(NDArray::close);
        }
    }

    private String body(Config config, double rate) {
        int n = parameters.size();
        var lines = new ArrayList<String>();
        var lists = List.of("ps", "ms", "vs", "ss");
        for (var list : lists) lines.add("%s = annotate(List[Tensor], [])".formatted(list));
        lines.add("for i in range(%d):".formatted(n));
        for (int i = 0; i < lists.size(); i++)
            lines.add(
                    "  torch.append(%s, torch.detach(inputs[i + %d]))"
                            .formatted(lists.get(i), i * n));
        lines.add("tokens = inputs[%d]".formatted(4 * n));
        lines.add("targets = inputs[%d]".formatted(4 * n + 1));
        lines.add("self.track(ps)");
        lines.add("routes = annotate(List[Tensor], [])");
        lines.addAll(TorchModel.loss(config, options));
        lines.add("gs = self.gradients(loss + extra, torch.ones_like(loss), ps)");
        lines.add("torch.set_grad_enabled(False)");
        lines.add("norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(gs)))");
        lines.add("over = torch.clamp((norm + 1.0e-6) / %s, 1.0)".formatted(options.clip()));
        lines.add("if bool(inputs[%d]):".formatted(4 * n + 2));
        lines.add("  squares = torch.zeros([], dtype=7)");
        lines.add("  for i in range(%d):".formatted(n));
        lines.add("    squares = squares + torch.sum(torch.square(torch.to(gs[i], 7)))");
        lines.add("  norm = torch.to(torch.sqrt(squares), 6)");
        lines.add("e = annotate(List[Tensor], [])");
        update(lines, true, rate);
        update(lines, false, rate);
        // what is updated in place is returned too: code whose results nobody takes is left out
        lines.add("return [loss, norm] + psd + msd + vsd + ssd + psn + msn + vsn + ssn");
        return String.join("\n", lines);
    }

    /// AdamW on the parameters that decay, or on the others.
    private void update(List<String> lines, boolean decays, double rate) {
        var numbers = new ArrayList<Integer>();
        for (int i = 0; i < parameters.size(); i++)
            if (parameters.get(i).decays() == decays) numbers.add(i);
        var lists = new ArrayList<String>();
        for (var list : List.of("ps", "gs", "ms", "vs", "ss")) {
            var name = list + (decays ? "d" : "n");
            lists.add(name);
            lines.add(
                    "%s = [%s]"
                            .formatted(
                                    name,
                                    numbers.stream()
                                            .map(i -> pick(list, i))
                                            .collect(Collectors.joining(", "))));
        }
        var o = options.optimizer();
        lines.add("torch._foreach_add_(%s, 1)".formatted(lists.get(4)));
        lines.add(
                ("torch._fused_adamw_(%s, %s, %s, %s, e, %s, lr=%s, beta1=%s, beta2=%s,"
                                + " weight_decay=%s, eps=%s, amsgrad=False, maximize=False,"
                                + " grad_scale=over)")
                        .formatted(
                                lists.get(0),
                                lists.get(1),
                                lists.get(2),
                                lists.get(3),
                                lists.get(4),
                                rate,
                                o.beta1(),
                                o.beta2(),
                                decays ? o.decay() : 0.0,
                                o.eps()));
    }

    private static String pick(String list, int i) {
        return list.equals("ps") ? "torch.detach(ps[%d])".formatted(i) : list + "[" + i + "]";
    }

    @Override
    public void close() {
        script.close();
        state.close();
        manager.close();
    }
}
