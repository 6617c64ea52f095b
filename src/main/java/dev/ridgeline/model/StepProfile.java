package dev.ridgeline.model;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Op;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Times a training step, as a whole and by operation.
public final class StepProfile implements AutoCloseable {
    /// The calls of one operation in a step.
    public record Share(String op, int calls, double flops, double bytes, List<Op> ops) {}

    private final TrainingStep step;
    private final List<Op> ops = new ArrayList<>();
    private final List<Launch> launches = new ArrayList<>();

    /// @param step whose tokens and scalars have been uploaded once
    public StepProfile(TrainingStep step) {
        this.step = step;
        ops.addAll(step.graph().gradientOps());
        ops.addAll(step.graph().updateOps());
        for (var op : ops) launches.add(step.device().bind(op));
    }

    /// Seconds of one whole step.
    public double seconds() {
        var stream = step.device().stream();
        var from = stream.mark();
        for (var launch : launches) launch.on(stream);
        return stream.seconds(from, stream.mark());
    }

    /// Seconds of one step by operation; slower than a whole one by what looking costs.
    public Map<String, Double> secondsByOp() {
        var stream = step.device().stream();
        var marks = new ArrayList<Stream.Mark>();
        marks.add(stream.mark());
        for (var launch : launches) {
            launch.on(stream);
            marks.add(stream.mark());
        }
        var found = new LinkedHashMap<String, Double>();
        for (int i = 0; i < ops.size(); i++)
            found.merge(
                    ops.get(i).name(), stream.seconds(marks.get(i), marks.get(i + 1)), Double::sum);
        return found;
    }

    /// What a step consists of, in the order of first calls.
    public List<Share> shares() {
        var byName = new LinkedHashMap<String, List<Op>>();
        for (var op : ops) byName.computeIfAbsent(op.name(), _ -> new ArrayList<>()).add(op);
        return byName.entrySet().stream()
                .map(
                        e ->
                                new Share(
                                        e.getKey(),
                                        e.getValue().size(),
                                        e.getValue().stream()
                                                .mapToDouble(o -> o.cost().flops())
                                                .sum(),
                                        e.getValue().stream()
                                                .mapToDouble(o -> o.cost().bytes())
                                                .sum(),
                                        List.copyOf(e.getValue())))
                .toList();
    }

    @Override
    public void close() {
        launches.forEach(Launch::close);
    }
}
