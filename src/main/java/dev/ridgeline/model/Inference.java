package dev.ridgeline.model;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Launch;
import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import java.util.Map;

/// The forward pass of one sequence, on the weights of a training step.
public final class Inference implements AutoCloseable {
    private final Device device;
    private final Memory memory;
    private final int sequence;
    private final Tensor logits;
    private final HostTransfer tokens;
    private final Launch forward;

    /// What is in one memory.
    private record Graph(Transformer transformer, Tensor tokens) {
        static Graph in(StepGraph step, int sequence, Memory memory) {
            var transformer =
                    new Transformer(
                            step.config(),
                            step.weights(),
                            memory,
                            1,
                            sequence,
                            step.options().dtype(),
                            Mode.FORWARD,
                            1);
            return new Graph(transformer, memory.tensor(Kind.STATE, "tokens", DType.I32, sequence));
        }
    }

    /// @throws dev.ridgeline.device.OutOfDeviceMemory if its activations do not fit
    public Inference(TrainingStep step, int sequence) {
        this.device = step.device();
        this.sequence = sequence;
        memory = Memory.on(device, plan(step.graph(), sequence));
        var graph = Graph.in(step.graph(), sequence, memory);
        graph.transformer().uploadFrequencies();
        logits = graph.transformer().logits();
        tokens = new HostTransfer(graph.tokens().buffer());
        forward = step.execution().bound(graph.transformer().forward(graph.tokens()));
    }

    /// Bytes that it takes on the device.
    public static long bytes(Config config, StepOptions options, int sequence) {
        return plan(StepGraph.planned(config, options), sequence).values().stream()
                .mapToLong(b -> b)
                .sum();
    }

    private static Map<Memory.Region, Long> plan(StepGraph step, int sequence) {
        var planned = Memory.planned();
        Graph.in(step, sequence, planned);
        return planned.regions();
    }

    /// Longest context.
    public int sequence() {
        return sequence;
    }

    /// Logits of what follows `context`, (vocabulary).
    ///
    /// @param context at least one token and at most [#sequence]
    public float[] logits(int[] context) {
        // what comes after the context is there, and not seen from within it
        int[] all = new int[sequence];
        System.arraycopy(context, 0, all, 0, context.length);
        tokens.upload(all);
        forward.on(device.stream());
        device.stream().synchronize();
        try (var host = HostBuffer.of(logits.buffer().bytes())) {
            logits.buffer().download(host.segment());
            int vocabulary = logits.dim(1);
            long at = logits.offset() + (long) (context.length - 1) * vocabulary;
            float[] row = new float[vocabulary];
            for (int i = 0; i < vocabulary; i++)
                row[i] = HostTransfer.element(logits.dtype(), host.segment(), at + i);
            return row;
        }
    }

    @Override
    public void close() {
        forward.close();
        tokens.close();
        memory.close();
    }
}
