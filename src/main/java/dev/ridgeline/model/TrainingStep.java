package dev.ridgeline.model;

import dev.ridgeline.device.Device;
import dev.ridgeline.tensor.Tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// A model on a device, ready to be trained.
public final class TrainingStep implements AutoCloseable {
    /// What one forward and backward pass found.
    ///
    /// @param loss mean over the tokens, in nats
    /// @param norm of all gradients together, before clipping
    /// @param notFinite groups whose gradients are not finite
    /// @param largest group whose gradients have the largest norm
    public record Gradients(double loss, double norm, List<String> notFinite, String largest) {
        public boolean finite() {
            return Double.isFinite(loss) && Double.isFinite(norm);
        }
    }

    private final Execution execution;
    private final Device device;
    private final StepGraph graph;
    private final HostTransfer tokens;
    private final HostTransfer targets;
    private final HostTransfer losses;
    private final HostTransfer scalars;
    private final HostTransfer norms;

    /// All of it on the device: memory allocated as planned, ops bound.
    ///
    /// @throws dev.ridgeline.device.OutOfDeviceMemory if the plan does not fit
    /// @throws dev.ridgeline.device.NoKernel if the device lacks one
    public TrainingStep(Device device, Config config, StepOptions options) {
        this(new OnDevice(device, config, options));
    }

    /// @param execution closed with this
    public TrainingStep(Execution execution) {
        this.execution = execution;
        device = execution.device();
        graph = execution.graph();
        graph.uploadFrequencies();
        tokens = transfer(graph.tokens());
        targets = transfer(graph.targets());
        losses = transfer(graph.losses());
        scalars = transfer(graph.scalars());
        norms = transfer(graph.norms());
    }

    private static HostTransfer transfer(Tensor t) {
        return new HostTransfer(t.buffer());
    }

    Execution execution() {
        return execution;
    }

    public StepGraph graph() {
        return graph;
    }

    public Memory memory() {
        return graph.memory();
    }

    public Device device() {
        return device;
    }

    /// Gradients of the mean loss of a step's sequences; waits for them.
    ///
    /// @param in (micro-batches · batch · sequence) tokens
    /// @param out what should follow each; negative where nothing is asked
    public Gradients gradients(int[] in, int[] out) {
        requireTokens(in, out, graph.options().tokens());
        tokens.upload(in);
        targets.upload(out);
        execution.gradients();
        device.stream().synchronize();
        float[] all = norms.download(graph.norms().dim(0));
        var groups = graph.weights().parameters().groups();
        var notFinite =
                IntStream.range(0, groups.size())
                        .filter(g -> !Float.isFinite(all[g]))
                        .mapToObj(g -> groups.get(g).name())
                        .toList();
        int largest =
                IntStream.range(0, groups.size())
                        .reduce((a, b) -> all[b] > all[a] ? b : a)
                        .orElseThrow();
        return new Gradients(
                mean(losses.download(in.length), out),
                all[groups.size()],
                notFinite,
                groups.get(largest).name());
    }

    /// Moves the weights against the gradients that were computed last.
    ///
    /// @param rate learning rate
    /// @param step number of this update, from 1
    public void update(double rate, long step) {
        var o = graph.options().optimizer();
        float[] now = scalars.download(4);
        scalars.upload(
                (float) rate,
                (float) (1 - Math.pow(o.beta1(), step)),
                (float) (1 - Math.pow(o.beta2(), step)),
                now[3]);
        execution.update();
        device.stream().synchronize();
    }

    /// Enqueues the gradients and the update once more, on what was uploaded last.
    public void repeat() {
        execution.gradients();
        execution.update();
    }

    /// Mean loss of one batch, in nats.
    ///
    /// @param in (batch · sequence) tokens
    public double loss(int[] in, int[] out) {
        int rows = graph.options().batch() * graph.options().sequence();
        requireTokens(in, out, rows);
        tokens.upload(in);
        targets.upload(out);
        execution.losses();
        device.stream().synchronize();
        return mean(losses.download(rows), out);
    }

    private void requireTokens(int[] in, int[] out, int count) {
        if (in.length != count || out.length != count)
            throw new IllegalArgumentException(
                    "%d tokens and %d targets, must be %d".formatted(in.length, out.length, count));
        int vocabulary = graph.config().vocabulary();
        for (int token : in)
            if (token < 0 || token >= vocabulary)
                throw new IllegalArgumentException("token " + token + " is not in the vocabulary");
    }

    private static double mean(float[] losses, int[] targets) {
        double sum = 0;
        for (float loss : losses) sum += loss;
        long asked = Arrays.stream(targets).filter(t -> t >= 0).count();
        return sum / Math.max(1, asked);
    }

    /// Fresh weights; moments are left as they are.
    public void initialize(long seed) {
        Initialization.fill(transfer(), graph.config(), seed);
    }

    /// Access to weights, gradients and moments.
    public WeightTransfer transfer() {
        return new WeightTransfer(execution);
    }

    @Override
    public void close() {
        List.of(tokens, targets, losses, scalars, norms).forEach(HostTransfer::close);
        execution.close();
    }
}
