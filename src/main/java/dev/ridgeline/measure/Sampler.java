package dev.ridgeline.measure;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Times a verified kernel.
public final class Sampler {
    // long against the clock's resolution and a stray interrupt, short against the clock's drift
    private static final double SAMPLE_SECONDS = 1e-3;
    private static final int MIN_SAMPLES = 8;
    private static final int MAX_COPIES = 64;

    private final Protocol protocol;

    public Sampler(Protocol protocol) {
        this.protocol = protocol;
    }

    /// Copies of the operands that a cold measurement rotates over: enough to exceed twice the
    /// last-level cache, as far as 64 copies and the device's free memory allow; 1 when hot.
    public static int copies(Workload<?> workload, Device device, boolean cold) {
        if (!cold) return 1;
        long each = workload.bytes();
        long wanted = Math.ceilDiv(2 * device.lastLevelCache(), each) + 1;
        long fitting = (device.capacity() - device.allocated()) / each;
        return Math.clamp(Math.min(wanted, fitting), 1, MAX_COPIES);
    }

    /// One round: fresh operands, warm-up, samples.
    ///
    /// @return seconds per launch, in the order taken; at least one
    public <O extends Op> double[] round(Verified<O> verified) {
        return round(List.of(verified)).getFirst();
    }

    /// One round of several kernels on the same operands: each is warmed up, then a sample is taken
    /// of each in turn, so that whatever changes meanwhile changes for all of them.
    ///
    /// @param verified of one workload on one device
    /// @return what [#round(Verified)] does, in their order
    public <O extends Op> List<double[]> round(List<Verified<O>> verified) {
        var device = verified.getFirst().device();
        var workload = verified.getFirst().workload();
        int copies = copies(workload, device, protocol.cold());
        var instances = new ArrayList<Workload.Instance<O>>();
        var launches = new ArrayList<Launch>();
        try {
            for (int i = 0; i < copies; i++)
                instances.add(workload.withSeed(protocol.seed() + i).on(device));
            var rounds = new ArrayList<Round>();
            for (var each : verified) {
                var own = new ArrayList<Launch>();
                for (var instance : instances) {
                    own.add(each.kernel().bind(instance.op()));
                    launches.add(own.getLast());
                }
                rounds.add(new Round(own, device.stream()));
            }
            for (var round : rounds) round.warmUp();
            while (rounds.stream().anyMatch(Round::unfinished))
                for (var round : rounds) if (round.unfinished()) round.sample();
            return rounds.stream().map(Round::samples).toList();
        } finally {
            launches.forEach(Launch::close);
            instances.forEach(Workload.Instance::close);
        }
    }

    private final class Round {
        private final List<Launch> launches;
        private final Stream stream;
        private final List<Double> samples = new ArrayList<>();
        private int batch = 1;
        private int next;
        private boolean begun;
        private double spent;
        private boolean settled;

        // looked at a tenth more samples later each time, or looking would cost more than taking
        private int look = MIN_SAMPLES;

        Round(List<Launch> launches, Stream stream) {
            this.launches = launches;
            this.stream = stream;
        }

        boolean unfinished() {
            return !settled && spent < protocol.maxSeconds() / protocol.rounds();
        }

        void sample() {
            long from = System.nanoTime();
            double seconds = time(batch);
            samples.add(seconds);
            spent += spent(seconds * batch, from);
            if (samples.size() < look) return;
            settled = quiet(samples);
            look += Math.ceilDiv(look, 10);
        }

        double[] samples() {
            return samples.stream().mapToDouble(s -> s).toArray();
        }

        private boolean quiet(List<Double> samples) {
            var soFar = samples.stream().mapToDouble(s -> s).toArray();
            return new Measurement(List.of(soFar)).noise() < protocol.maxNoise() / 2;
        }

        /// Runs until the time is up and the last third of the samples is no faster than the third
        /// before by more than the noise allowed; four times as long at most. Finds how many
        /// launches make a sample.
        void warmUp() {
            var seen = new ArrayList<Double>();
            double warm = 0;
            double nextLook = protocol.warmupSeconds();
            while (warm < 4 * protocol.warmupSeconds() || seen.isEmpty()) {
                long from = System.nanoTime();
                double seconds = time(batch);
                seen.add(seconds);
                warm += spent(seconds * batch, from);
                if (seconds * batch < SAMPLE_SECONDS)
                    batch =
                            Math.min(
                                    stream.mostHeld(),
                                    (int)
                                            Math.clamp(
                                                    SAMPLE_SECONDS / Math.max(seconds, 1e-9),
                                                    batch,
                                                    1e6));
                if (warm < nextLook) continue;
                if (flat(seen)) break;
                nextLook += protocol.warmupSeconds() / 4;
            }
        }

        /// What a sample took of the budget: the host's share counts, where it is the longer one.
        private static double spent(double device, long from) {
            return Math.max(device, (System.nanoTime() - from) * 1e-9);
        }

        private boolean flat(List<Double> seen) {
            int third = seen.size() / 3;
            if (third < 2) return seen.size() > 3;
            double before = median(seen.subList(seen.size() - 2 * third, seen.size() - third));
            double last = median(seen.subList(seen.size() - third, seen.size()));
            return last > before * (1 - protocol.maxNoise());
        }

        private static double median(List<Double> values) {
            double[] sorted = values.stream().mapToDouble(v -> v).toArray();
            Arrays.sort(sorted);
            return Measurement.quantile(sorted, 0.5);
        }

        /// A first launch may load what it needs, and so wait for the device; none is held back
        /// before each has been on it once.
        private double time(int batch) {
            if (begun) stream.hold();
            Stream.Mark from;
            Stream.Mark to;
            try {
                from = stream.mark();
                for (int i = 0; i < batch; i++) {
                    launches.get(next).on(stream);
                    next = next + 1 == launches.size() ? 0 : next + 1;
                    begun |= next == 0;
                }
                to = stream.mark();
            } finally {
                stream.release();
            }
            return stream.seconds(from, to) / batch;
        }
    }
}
