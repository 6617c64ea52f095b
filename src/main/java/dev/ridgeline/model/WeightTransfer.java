package dev.ridgeline.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.Parameters.Group;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// Moves weights, gradients and moments between a device and the host, a group at a time.
public final class WeightTransfer {
    /// Reads or fills one parameter.
    @FunctionalInterface
    public interface Visitor {
        /// @param number of the parameter in the order of the groups
        /// @param memory its f32 elements on the host, gone when this returns
        void visit(Role role, int number, Parameter parameter, MemorySegment memory);
    }

    private final Execution execution;
    private final Weights weights;

    public WeightTransfer(Execution execution) {
        this.execution = execution;
        weights = execution.graph().weights();
    }

    /// Shows what the device holds.
    public void read(Kind kind, Visitor visitor) {
        int number = 0;
        for (var group : weights.parameters().groups()) {
            var whole = whole(kind, group);
            try (var host = HostBuffer.of(whole.bytes())) {
                execution.download(whole, host.segment());
                number = visit(group, number, host.segment(), visitor);
            }
        }
    }

    /// Lets the visitor fill zeroed memory, and gives it to the device; a weight's copy follows.
    public void write(Kind kind, Visitor visitor) {
        int number = 0;
        for (var group : weights.parameters().groups()) {
            var whole = whole(kind, group);
            try (var host = HostBuffer.of(whole.bytes())) {
                number = visit(group, number, host.segment(), visitor);
                execution.upload(whole, host.segment());
                if (kind == Kind.WEIGHTS && weights.copies() && group.decayed() > 0)
                    copy(group, host.segment());
            }
        }
    }

    /// Zeroes the moments, as before the first step.
    public void clearMoments() {
        for (var moments : List.of(Kind.FIRST_MOMENTS, Kind.SECOND_MOMENTS))
            write(moments, (_, _, _, memory) -> memory.fill((byte) 0));
    }

    /// Makes the copies of all weights anew.
    public void refreshCopies() {
        if (!weights.copies()) return;
        for (var group : weights.parameters().groups()) {
            if (group.decayed() == 0) continue;
            var whole = whole(Kind.WEIGHTS, group);
            try (var host = HostBuffer.of(whole.bytes())) {
                execution.download(whole, host.segment());
                copy(group, host.segment());
            }
        }
    }

    private Tensor whole(Kind kind, Group group) {
        return weights.part(kind, group, 0, group.elements());
    }

    private void copy(Group group, MemorySegment from) {
        var target = weights.part(Kind.COPIES, group, 0, group.decayed());
        try (var host = HostBuffer.of(target.bytes())) {
            for (long i = 0; i < group.decayed(); i++)
                host.segment()
                        .setAtIndex(JAVA_SHORT, i, DType.toBf16(from.getAtIndex(JAVA_FLOAT, i)));
            execution.upload(target, host.segment());
        }
    }

    private static int visit(Group group, int number, MemorySegment memory, Visitor visitor) {
        for (var unit : group.units()) {
            long at = unit.offset();
            for (var parameter : unit.parts()) {
                long count = parameter.count();
                visitor.visit(
                        unit.role(),
                        number++,
                        parameter,
                        memory.asSlice(at * Float.BYTES, count * Float.BYTES));
                at += count;
            }
        }
        return number;
    }
}
