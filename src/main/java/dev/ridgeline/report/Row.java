package dev.ridgeline.report;

import dev.ridgeline.measure.Measurement;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// One line of a result: a kernel on a workload, and what was found.
///
/// @param key identifies the row within and between files: op, workload, dtype, kernel, device and
///   threads, so that a run can be resumed and two runs compared
/// @param variant what distinguishes the workload within its op: `nt`, `causal`; may be empty
/// @param shape named extents in the order people say them
/// @param kernel a [dev.ridgeline.device.KernelId] as text: `gemm/cpu_packed`
/// @param reason why there is no measurement; empty for MEASURED
/// @param flops per launch, counted by `convention`
/// @param bytes per launch
/// @param seconds empty unless `status` is MEASURED
/// @param cache `cold` or `hot`: where the operands were when a launch began
/// @param capacity of a step in a capped memory
/// @param occupancy how the launches fill a GPU's multiprocessors
/// @param samples seconds per launch, one list per round
public record Row(
        String key,
        String op,
        String variant,
        Map<String, Integer> shape,
        String dtype,
        String kernel,
        String device,
        int threads,
        Status status,
        Optional<String> reason,
        Optional<Proof> verified,
        double flops,
        double bytes,
        String convention,
        Optional<Seconds> seconds,
        Optional<Rate> rate,
        Optional<Share> share,
        Optional<String> cache,
        Optional<Capacity> capacity,
        Optional<List<Occupancy>> occupancy,
        List<double[]> samples) {
    public Row {
        Finite.check("flops and bytes", flops, bytes);
        samples.forEach(s -> Finite.check("samples", s));
        boolean measured = status == Status.MEASURED;
        if (seconds.isPresent() != measured || rate.isPresent() != measured)
            throw new IllegalArgumentException(
                    "row %s: seconds and rate belong to MEASURED and to nothing else"
                            .formatted(key));
        if (reason.isPresent() == measured)
            throw new IllegalArgumentException(
                    "row %s: a reason belongs to every status but MEASURED".formatted(key));
    }

    /// A row with neither a capacity nor an occupancy.
    public Row(
            String key,
            String op,
            String variant,
            Map<String, Integer> shape,
            String dtype,
            String kernel,
            String device,
            int threads,
            Status status,
            Optional<String> reason,
            Optional<Proof> verified,
            double flops,
            double bytes,
            String convention,
            Optional<Seconds> seconds,
            Optional<Rate> rate,
            Optional<Share> share,
            Optional<String> cache,
            List<double[]> samples) {
        this(
                key,
                op,
                variant,
                shape,
                dtype,
                kernel,
                device,
                threads,
                status,
                reason,
                verified,
                flops,
                bytes,
                convention,
                seconds,
                rate,
                share,
                cache,
                Optional.empty(),
                Optional.empty(),
                samples);
    }

    /// What became of the row.
    public enum Status {
        MEASURED,
        WRONG,
        REFUSED,
        FAILED
    }

    /// @param how for people: `every element against the f64 reference`
    /// @param worst largest error as a share of the tolerance
    public record Proof(String how, long elements, double worst) {
        public Proof {
            Finite.check("the worst error", worst);
        }
    }

    /// Per launch; `low` and `high` bound the median at 95 %; `noise` is half their distance over
    /// the median, `noisy` whether that is over the protocol's limit.
    public record Seconds(
            double median,
            double low,
            double high,
            double min,
            double q25,
            double q75,
            double noise,
            boolean noisy) {
        public Seconds {
            Finite.interval("seconds", low, median, high);
            Finite.check("seconds", min, q25, q75, noise);
        }

        /// @param maxNoise of the protocol
        public static Seconds of(Measurement time, double maxNoise) {
            return new Seconds(
                    time.median(),
                    time.low(),
                    time.high(),
                    time.min(),
                    time.quantile(0.25),
                    time.quantile(0.75),
                    time.noise(),
                    time.noise() > maxNoise);
        }
    }

    /// @param unit `flop/s` or `byte/s`, SI
    public record Rate(double value, double low, double high, String unit) {
        public Rate {
            Finite.interval("a rate", low, value, high);
        }

        /// @param work per launch
        public static Rate of(double work, Measurement time, String unit) {
            // no interval of time reaches zero, but its lower end may be printed as one
            double shortest = time.low() > 0 ? time.low() : time.min();
            return new Rate(work / time.median(), work / time.high(), work / shortest, unit);
        }
    }

    /// The row's rate as a share of the measured ceiling that binds it.
    ///
    /// @param ceiling name of an entry of the file's ceilings
    /// @param value median over rounds of the row's rate over the ceiling's in the same round
    public record Share(String ceiling, double value) {
        public Share {
            Finite.check("a share", value);
        }
    }

    /// How one kind of a kernel's launches fills a multiprocessor.
    ///
    /// @param registers of a thread
    /// @param localBytes of a thread: spilled registers, and arrays that registers cannot hold
    /// @param sharedBytes of a block
    /// @param threads of a block
    /// @param blocks at once on one multiprocessor
    /// @param share of the threads that a multiprocessor can hold
    public record Occupancy(
            String entry,
            int registers,
            int localBytes,
            int sharedBytes,
            int threads,
            int blocks,
            double share) {
        public Occupancy {
            Finite.check("an occupancy", share);
        }
    }

    /// A training step whose memory was capped. Seconds and bytes are per step.
    ///
    /// @param name of the cap, as it was asked for: `50%`, `h200`
    /// @param capBytes that the step could use
    /// @param workingSetBytes of the same step without a cap
    /// @param strategy what was moved: `streams moments, 40 % of weights`
    /// @param reason why that strategy, one sentence
    /// @param predicted seconds, written down before the run
    /// @param error of the prediction, (predicted - measured) / measured
    /// @param speed share of the speed of the largest cap of the run
    /// @param stall seconds in which the computation waited for copies
    /// @param copying seconds in which the busier direction copied, or both where they take turns
    /// @param overlap share of what copies could be hidden that was
    /// @param excess of the seconds over what was to be expected: the longer of computing (under
    ///   the largest cap) and copying (at the speed of the link), and what the plan adds to that
    ///   longer one by its own account; a share of what was to be expected, negative if it took
    ///   less
    /// @param in bytes to the device
    /// @param least bytes, in and out, below which no plan for the same ops can come in that
    ///   memory; absent in files of before it was written
    /// @param linkIn byte/s of the link to the device, measured in this run
    public record Capacity(
            String name,
            long capBytes,
            long workingSetBytes,
            String strategy,
            String reason,
            double predicted,
            double error,
            double speed,
            double stall,
            double copying,
            double overlap,
            double excess,
            long in,
            long out,
            Optional<Long> least,
            double linkIn,
            double linkOut) {
        public Capacity {
            Finite.check("a capacity", predicted, error, speed, stall, copying, overlap, excess);
            Finite.check("a link", linkIn, linkOut);
        }

        /// Bytes copied, as a multiple of the least that can be; empty where nothing has to be.
        public Optional<Double> ofLeast() {
            return least.filter(l -> l > 0).map(l -> (double) (in + out) / l);
        }
    }

    /// Variant and extents, for people: `nt m=256 n=2304 k=768`.
    public String workload() {
        var extents =
                shape.entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .collect(Collectors.joining(" "));
        return variant.isEmpty() ? extents : extents.isEmpty() ? variant : variant + " " + extents;
    }

    /// The kernel without the op it is a kernel of: `cpu_packed`.
    public String idea() {
        return kernel.startsWith(op + "/") ? kernel.substring(op.length() + 1) : kernel;
    }

    public boolean noisy() {
        return seconds.map(Seconds::noisy).orElse(false);
    }
}
