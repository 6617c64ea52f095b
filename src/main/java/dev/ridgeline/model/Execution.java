package dev.ridgeline.model;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream.Mark;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// Runs the ops of a step, wherever its tensors are.
///
/// What changes from step to step (tokens, targets, losses, scalars, norms) is always on the
/// device, in buffers of its own.
public interface Execution extends AutoCloseable {
    Device device();

    StepGraph graph();

    /// Enqueues [StepGraph#gradientOps].
    void gradients();

    /// Enqueues [StepGraph#updateOps].
    void update();

    /// Ops of a whole step, as they are run.
    List<Op> ops();

    /// Runs a whole step op by op, slower by what that and looking cost.
    ///
    /// @return marks before and after each of [#ops]
    List<Mark[]> profile();

    /// Enqueues [StepGraph#lossOps].
    void losses();

    /// Binds other ops that read the weights, and whose other tensors have memory of their own; for
    /// the device's stream.
    Launch bound(List<Op> ops);

    /// Copies a contiguous tensor of the graph in; blocks.
    void upload(Tensor to, MemorySegment from);

    /// Copies a contiguous tensor of the graph out; blocks.
    void download(Tensor from, MemorySegment to);

    @Override
    void close();
}
