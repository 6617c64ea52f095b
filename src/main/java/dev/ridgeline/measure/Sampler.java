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
        var device = verified.device();
        var workload = verified.workload();
        int copies = copies(workload, device, protocol.cold());
        var instances = new ArrayList<Workload.Instance<O>>();
        var launches = new ArrayList<Launch>();
        try {
            for (int i = 0; i < copies; i++) {
                var instance = workload.withSeed(protocol.seed() + i).on(device);
                instances.add(instance);
                launches.add(verified.kernel().bind(instance.op()));
            }
            return new Round(launches, device.stream()).samples();
        } finally {
            launches.forEach(Launch::close);
            instances.forEach(Workload.Instance::close);
        }
    }

    private final class Round {
        private final List<Launch> launches;
        private final Stream stream;
        private int next;
        private boolean begun;

        Round(List<Launch> launches, Stream stream) {
            this.launches = launches;
            this.stream = stream;
        }

        double[] samples() {
            int batch = warmUp();
            double budget = protocol.maxSeconds() / protocol.rounds();
            var samples = new ArrayList<Double>();
            // looked at a tenth more samples later each time, or looking would cost more than
            // taking
            int look = MIN_SAMPLES;
            for (double spent = 0; spent < budget; ) {
                long from = System.nanoTime();
                double seconds = time(batch);
                samples.add(seconds);
                spent += spent(seconds * batch, from);
                if (samples.size() < look) continue;
                if (quiet(samples)) break;
                look += Math.ceilDiv(look, 10);
            }
            return samples.stream().mapToDouble(s -> s).toArray();
        }

        private boolean quiet(List<Double> samples) {
            var soFar = samples.stream().mapToDouble(s -> s).toArray();
            return new Measurement(List.of(soFar)).noise() < protocol.maxNoise() / 2;
        }

        /// Runs until the time is up and the last third of the samples is no faster than the third
        /// before by more than the noise allowed; four times as long at most.
        ///
        /// @return launches per sample
        private int warmUp() {
            int batch = 1;
            var seen = new ArrayList<Double>();
            double spent = 0;
            double look = protocol.warmupSeconds();
            while (spent < 4 * protocol.warmupSeconds() || seen.isEmpty()) {
                long from = System.nanoTime();
                double seconds = time(batch);
                seen.add(seconds);
                spent += spent(seconds * batch, from);
                if (seconds * batch < SAMPLE_SECONDS)
                    batch =
                            Math.min(
                                    stream.mostHeld(),
                                    (int)
                                            Math.clamp(
                                                    SAMPLE_SECONDS / Math.max(seconds, 1e-9),
                                                    batch,
                                                    1e6));
                if (spent < look) continue;
                if (flat(seen)) break;
                look += protocol.warmupSeconds() / 4;
            }
            return batch;
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
