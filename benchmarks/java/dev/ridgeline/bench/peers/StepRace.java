package dev.ridgeline.bench.peers;

import dev.ridgeline.bench.peers.Race.Lap;
import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.model.Presets;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.TrainingStep;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;

/// The same training step by this project and by PyTorch, in rounds: each round takes one step of
/// each, in an order drawn anew, with the machine's ceiling measured between them. Both begin with
/// the same weights, and the first steps must have the same losses and gradient norms.
final class StepRace implements AutoCloseable {
    static final String OURS = "ridgeline";
    static final String TORCH = "pytorch";

    private static final Pattern SHAPE = Pattern.compile("([\\w-]+):(\\d+)x(\\d+)");
    private static final double RATE = 1e-4;
    private static final int CHECKED = 3;
    private static final double TOLERANCE = 1e-5;

    private final CpuDevice device;
    private final TrainingStep ours;
    private final Optional<TorchStep> torch;
    private final List<String> names;
    private final Ceiling ceiling;
    private final double flops;
    private final int tokens;
    private final Random random = new Random(1);
    private int[] in;
    private int[] out;
    private long steps;

    /// @param shape `gpt2-124m:4x64`, a preset, sequences and tokens of each
    /// @param names of those that take part, [#OURS] or [#TORCH]
    /// @throws IllegalStateException if PyTorch's first steps are not ours
    StepRace(String shape, List<String> names, int threads) {
        var parsed = SHAPE.matcher(shape);
        if (!parsed.matches())
            throw new IllegalArgumentException(
                    "'%s' is not a model, its batch and its sequence, such as gpt2-124m:4x64"
                            .formatted(shape));
        var config = Presets.of(parsed.group(1));
        var options =
                StepOptions.of(
                        Integer.parseInt(parsed.group(2)), Integer.parseInt(parsed.group(3)));
        this.names = List.copyOf(names);
        tokens = options.tokens();
        flops = config.flopsPerToken(options.sequence()) * tokens;
        device = new CpuDevice("cpu", threads, Long.MAX_VALUE);
        ours = new TrainingStep(device, config, options);
        ours.initialize(1);
        torch =
                names.contains(TORCH)
                        ? Optional.of(new TorchStep(ours, RATE, threads))
                        : Optional.empty();
        ceiling = Ceiling.compute(device);
        for (int i = 0; i < 100; i++) ceiling.rate();
        for (int i = 0; i < CHECKED; i++) check();
        if (!names.contains(OURS)) ours.close();
    }

    private void check() {
        draw();
        var found = ours.gradients(in, out);
        ours.update(RATE, ++steps);
        torch.ifPresent(
                t -> {
                    var other = t.step(in, out, true);
                    same("loss", found.loss(), other.loss());
                    same("gradient norm", found.norm(), other.norm());
                });
    }

    private void same(String what, double a, double b) {
        if (!(Math.abs(a - b) <= TOLERANCE * Math.abs(a)))
            throw new IllegalStateException(
                    "step %d: the %s is %s by ours and %s by PyTorch".formatted(steps, what, a, b));
    }

    private void draw() {
        int vocabulary = ours.graph().config().vocabulary();
        in = random.ints(tokens, 0, vocabulary).toArray();
        out = random.ints(tokens, 0, vocabulary).toArray();
    }

    /// One step of each, in the order of their names.
    List<Lap> round() {
        draw();
        Map<String, Lap> laps = new LinkedHashMap<>();
        var order = new ArrayList<>(names);
        Collections.shuffle(order, random);
        steps++;
        double before = ceiling.rate();
        for (var name : order) {
            long from = System.nanoTime();
            if (name.equals(OURS)) {
                ours.gradients(in, out);
                ours.update(RATE, steps);
            } else {
                torch.orElseThrow().step(in, out, false);
            }
            double seconds = (System.nanoTime() - from) * 1e-9;
            double after = ceiling.rate();
            double share = flops * 1e-9 / seconds / ((before + after) / 2);
            laps.put(name, new Lap(name, tokens / seconds, share, "token/s"));
            before = after;
        }
        return names.stream().map(laps::get).toList();
    }

    @Override
    public void close() {
        torch.ifPresent(TorchStep::close);
        if (names.contains(OURS)) ours.close();
        ceiling.close();
        device.close();
    }
}
