package dev.ridgeline.bench.peers;

import dev.ridgeline.bench.Problems;
import dev.ridgeline.bench.Subject;
import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Op;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/// Several kernels on one problem, in rounds: each round times every kernel once, in an order drawn
/// anew, with the machine's ceiling measured between them.
final class Race implements AutoCloseable {
    /// One kernel in one round.
    ///
    /// @param rate in the unit of the ceiling
    /// @param share of the mean of the ceilings before and after
    record Lap(String kernel, double rate, double share, String unit) {}

    private static final double FLAT_SECONDS = 1;
    private static final double IMPROVEMENT = 0.02;
    private static final double SAMPLE_SECONDS = 10e-3;
    private static final int MIN_WARM_UPS = 3;

    // an OpenMP team keeps its cores busy for a while after its work is done
    private static final long QUIET_MILLIS = 50;

    private final CpuDevice device;
    private final List<Subject> subjects = new ArrayList<>();
    private final Map<Subject, Integer> batches = new HashMap<>();
    private final Ceiling ceiling;
    private final Random order = new Random(1);

    /// @throws IllegalStateException if a kernel is missing, refuses or is wrong
    Race(String op, String shape, List<String> kernels, int threads) {
        device = new CpuDevice("cpu", threads, Long.MAX_VALUE);
        var problem = Problems.of(op, shape);
        for (var kernel : kernels) subjects.add(subject(kernel, problem));
        ceiling = Ceiling.of(subjects.getFirst().op(), device);
        for (int i = 0; i < 100; i++) ceiling.rate();
        for (var subject : subjects) batches.put(subject, warmUp(subject));
    }

    private <O extends Op> Subject subject(String kernel, Workload<O> problem) {
        var all =
                Stream.concat(
                                device.kernels(problem.type()).stream(),
                                Peers.kernels(problem.type(), device.threads()).stream())
                        .toList();
        return Subject.of(kernel, all, problem, device);
    }

    /// Runs it until it has not become faster for a while: compilers work in the background.
    ///
    /// @return launches per sample
    private static int warmUp(Subject subject) {
        double fastest = Double.MAX_VALUE;
        long improved = System.nanoTime();
        for (int i = 0;
                i < MIN_WARM_UPS || System.nanoTime() - improved < FLAT_SECONDS * 1e9;
                i++) {
            double seconds = time(subject, 1);
            if (seconds < fastest * (1 - IMPROVEMENT)) improved = System.nanoTime();
            fastest = Math.min(fastest, seconds);
        }
        return (int) Math.clamp(Math.ceil(SAMPLE_SECONDS / fastest), 1, 100_000);
    }

    /// Seconds per launch.
    private static double time(Subject subject, int launches) {
        long from = System.nanoTime();
        for (int i = 0; i < launches; i++) subject.run();
        return (System.nanoTime() - from) * 1e-9 / launches;
    }

    /// One lap of each kernel, in the order given at construction.
    List<Lap> round() throws InterruptedException {
        var drawn = new ArrayList<>(subjects);
        Collections.shuffle(drawn, order);
        var laps = new HashMap<Subject, Lap>();
        double before = ceiling();
        for (var subject : drawn) {
            double seconds = time(subject, batches.get(subject));
            double after = ceiling();
            double rate = ceiling.rate(subject.cost(), seconds);
            double share = rate / ((before + after) / 2);
            laps.put(subject, new Lap(subject.name(), rate, share, ceiling.unit()));
            before = after;
        }
        return subjects.stream().map(laps::get).toList();
    }

    private double ceiling() throws InterruptedException {
        if (device.threads() > 1) Thread.sleep(QUIET_MILLIS);
        return ceiling.rate();
    }

    @Override
    public void close() {
        ceiling.close();
        subjects.forEach(Subject::close);
        device.close();
    }
}
