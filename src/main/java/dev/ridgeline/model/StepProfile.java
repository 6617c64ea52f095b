package dev.ridgeline.model;

import dev.ridgeline.op.Op;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Times a training step, as a whole and by operation.
public final class StepProfile {
    /// The calls of one operation in a step.
    public record Share(String op, int calls, double flops, double bytes, List<Op> ops) {}

    private final TrainingStep step;
    private final List<Op> ops;

    /// @param step whose tokens and scalars have been uploaded once
    public StepProfile(TrainingStep step) {
        this.step = step;
        ops = step.execution().ops();
    }

    /// Seconds of one whole step.
    public double seconds() {
        var stream = step.device().stream();
        var from = stream.mark();
        step.repeat();
        return stream.seconds(from, stream.mark());
    }

    /// Seconds of one step by operation, each op launched by itself; without what it waits for
    /// copies, and slower by what looking costs.
    public Map<String, Double> secondsByOp() {
        var stream = step.device().stream();
        var marks = step.execution().profile();
        var found = new LinkedHashMap<String, Double>();
        for (int i = 0; i < ops.size(); i++)
            found.merge(
                    ops.get(i).name(),
                    stream.seconds(marks.get(i)[0], marks.get(i)[1]),
                    Double::sum);
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
}
