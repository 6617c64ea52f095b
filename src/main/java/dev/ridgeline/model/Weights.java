package dev.ridgeline.model;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Parameters.Group;
import dev.ridgeline.model.Parameters.Unit;
import dev.ridgeline.op.Zero;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Shape;
import dev.ridgeline.tensor.Tensor;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The tensors of a model's parameters: f32 weights, their gradients and two moments, and where the
/// model computes in bf16 a copy of those that decay, which are the matrices.
public final class Weights {
    private final Parameters parameters;
    private final boolean copies;
    private final Map<Kind, Map<String, Tensor>> flat = new EnumMap<>(Kind.class);

    /// @param dtype of the computation
    Weights(Parameters parameters, DType dtype, Memory memory) {
        this.parameters = parameters;
        this.copies = dtype == DType.BF16;
        for (var kind :
                List.of(
                        Kind.WEIGHTS,
                        Kind.COPIES,
                        Kind.GRADIENTS,
                        Kind.FIRST_MOMENTS,
                        Kind.SECOND_MOMENTS)) {
            boolean copy = kind == Kind.COPIES;
            if (copy && !copies) continue;
            var byGroup = new HashMap<String, Tensor>();
            for (var group : parameters.groups()) {
                long elements = copy ? group.decayed() : group.elements();
                if (elements > 0)
                    byGroup.put(
                            group.name(),
                            memory.tensor(
                                    kind,
                                    group.name(),
                                    copy ? DType.BF16 : DType.F32,
                                    run(elements)));
            }
            flat.put(kind, byGroup);
        }
    }

    /// Whether kernels compute with bf16 copies of the matrices.
    boolean copies() {
        return copies;
    }

    /// Ops that put zeros everywhere, between the parameters too: fresh memory of a device may hold
    /// anything, and moments begin at zero.
    List<Zero> zeros() {
        return flat.values().stream().flatMap(m -> m.values().stream()).map(Zero::new).toList();
    }

    public Parameters parameters() {
        return parameters;
    }

    /// A run of elements that may be more than an axis can have.
    private static Shape run(long elements) {
        return Shape.of(Math.toIntExact(elements / Parameters.ALIGNMENT), Parameters.ALIGNMENT);
    }

    /// A group's elements in `[from, to)`, multiples of the alignment.
    Tensor part(Kind kind, Group group, long from, long to) {
        var whole = flat.get(kind).get(group.name());
        return whole.slice(
                0,
                Math.toIntExact(from / Parameters.ALIGNMENT),
                Math.toIntExact(to / Parameters.ALIGNMENT));
    }

    /// What kernels compute with: the copy where there is one, else the f32 weight.
    Tensor operand(Group group, Unit unit) {
        return tensor(copies && unit.decays() ? Kind.COPIES : Kind.WEIGHTS, group, unit);
    }

    Tensor tensor(Kind kind, Group group, Unit unit) {
        return at(kind, group, unit.shape(), unit.offset());
    }

    private Tensor at(Kind kind, Group group, Shape shape, long offset) {
        var whole = flat.get(kind).get(group.name());
        return new Tensor(whole.dtype(), shape, whole.buffer(), whole.offset() + offset);
    }
}
