package dev.ridgeline.model;

import dev.ridgeline.device.Device;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;

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

    /// Enqueues [StepGraph#lossOps].
    void losses();

    /// Copies a contiguous tensor of the graph in; blocks.
    void upload(Tensor to, MemorySegment from);

    /// Copies a contiguous tensor of the graph out; blocks.
    void download(Tensor from, MemorySegment to);

    @Override
    void close();
}
