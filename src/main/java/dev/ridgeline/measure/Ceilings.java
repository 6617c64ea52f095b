package dev.ridgeline.measure;

import dev.ridgeline.device.Transfer;
import dev.ridgeline.measure.CampaignResult.Share;
import dev.ridgeline.measure.workload.StreamWorkloads;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.op.Cost;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.MmaLoop;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.DType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The limits of each site, measured by the same sampler as the rows and in the same rounds: fused
/// multiply-adds in registers for compute, on tensor cores too where a device has them; copy, scale
/// and triad past the caches for memory.
public final class Ceilings {
    // simple loops: they need less time than a row to show what they can do
    private static final double WARMUP_SECONDS = 0.05;
    private static final double SECONDS_PER_ROUND = 0.15;

    // so much that the last-level cache holds nothing useful when a pass comes round again
    private static final int CACHES = 3;
    // a GPU reads its caches so fast that the start and the end of a shorter loop would count
    private static final int GPU_CACHES = 8;
    private static final long MIN_BYTES = 96L << 20;
    // of a transfer in a round
    private static final int PASSES = 8;
    private static final int FMA_ITERATIONS = 4096;
    private static final int MMA_ITERATIONS = 2048;

    /// One limit.
    ///
    /// @param name `fma f32, 1 thread`
    /// @param unit `flop/s` or `byte/s`
    /// @param rounds rates as sampled, one array per round
    public record Ceiling(Site site, String name, String unit, List<double[]> rounds) {
        private boolean compute() {
            return unit.equals("flop/s");
        }

        /// Median over everything sampled.
        public double median() {
            return Ceilings.median(rounds.stream().flatMapToDouble(Arrays::stream).toArray());
        }
    }

    private record Timed<O extends Op>(Verified<O> verified, Cost cost, Ceiling ceiling) {
        void round(Sampler sampler) {
            double work = ceiling.compute() ? cost.flops() : cost.bytes();
            ceiling.rounds()
                    .add(Arrays.stream(sampler.round(verified)).map(s -> work / s).toArray());
        }

        boolean on(Site site) {
            return ceiling.site().equals(site);
        }

        /// Whether this kind of compute is what `workload` may use: products of tf32 are none of
        /// f32, and only matrix products have any.
        boolean limits(Workload<?> workload) {
            if (verified.workload().type() != MmaLoop.class) return true;
            var factors = verified.workload().dtype();
            return factors != DType.F32
                    && (factors == workload.dtype()
                            || factors.bytes() == 1 && workload.dtype().bytes() == 1)
                    && List.of(Gemm.class, Attention.class, AttentionBackward.class)
                            .contains(workload.type());
        }
    }

    private record Link(Ceiling ceiling, Transfer transfer) {}

    private final Protocol protocol;
    private final Function<String, List<double[]>> earlier;
    private final List<Timed<?>> all = new ArrayList<>();
    private final List<Timed<?>> running = new ArrayList<>();
    private final List<String> missing = new ArrayList<>();
    private final List<Link> links = new ArrayList<>();

    /// Proves the kernels that measure the limits of `sites`.
    ///
    /// @param protocol of the rows
    /// @param earlier rates by ceiling's name, of a run that is continued
    public Ceilings(List<Site> sites, Protocol protocol, Function<String, List<double[]>> earlier) {
        this.protocol =
                new Protocol(
                        WARMUP_SECONDS,
                        protocol.maxNoise(),
                        SECONDS_PER_ROUND * protocol.rounds(),
                        protocol.rounds(),
                        false,
                        protocol.seed());
        this.earlier = earlier;
        for (var site : sites) {
            long seed = protocol.seed();
            int floats = (int) Math.min(bytes(site) / Float.BYTES, Integer.MAX_VALUE);
            add(
                    site,
                    "fma f32",
                    "flop/s",
                    StreamWorkloads.fmaLoop(lanes(site), FMA_ITERATIONS, seed));
            if (!site.device().kernels(MmaLoop.class).isEmpty()) {
                int sums =
                        StreamWorkloads.SUMS_PER_MULTIPROCESSOR
                                * site.device().multiprocessors().orElse(1);
                for (var factors : StreamWorkloads.FACTORS)
                    add(
                            site,
                            "mma " + (factors == DType.F32 ? "tf32" : factors.label()),
                            "flop/s",
                            StreamWorkloads.mmaLoop(sums, MMA_ITERATIONS, factors, seed));
            }
            add(site, "stream copy", "byte/s", StreamWorkloads.copy(floats / 2, seed));
            add(site, "stream scale", "byte/s", StreamWorkloads.scale(floats / 2, seed));
            add(site, "stream triad", "byte/s", StreamWorkloads.triad(floats / 3, seed));
        }
        running.addAll(all);
    }

    /// Of the loop of multiply-adds: some waves of all that run at once.
    private static int lanes(Site site) {
        var gpu = site.device().multiprocessors();
        return gpu.isPresent()
                ? StreamWorkloads.LANES_PER_MULTIPROCESSOR * gpu.getAsInt()
                : StreamWorkloads.LANES_PER_CORE * site.threads();
    }

    private static long bytes(Site site) {
        var device = site.device();
        return Math.min(
                Math.max(
                        MIN_BYTES,
                        (device.multiprocessors().isPresent() ? GPU_CACHES : CACHES)
                                * device.lastLevelCache()),
                (device.capacity() - device.allocated()) / 2);
    }

    private <O extends Op> void add(Site site, String what, String unit, Workload<O> workload) {
        var name = what + ", " + site;
        try {
            var op = workload.planned();
            var kernel =
                    site.device().kernels(workload.type()).stream()
                            .filter(k -> k.refusal(op).isEmpty())
                            .findFirst();
            switch (kernel.map(k -> Verifier.check(k, workload, site.device())).orElse(null)) {
                case Verified<O> verified ->
                        all.add(
                                new Timed<>(
                                        verified,
                                        op.cost(),
                                        new Ceiling(
                                                site,
                                                name,
                                                unit,
                                                new ArrayList<>(earlier.apply(name)))));
                case Wrong<O> wrong -> missing.add(name + ": " + wrong.message());
                case Refused<O> refused -> missing.add(name + ": " + refused.reason());
                case null -> missing.add(name + ": no kernel of " + op.name() + " takes it");
            }
        } catch (RuntimeException e) {
            missing.add(name + ": " + Campaign.reason(e));
        }
    }

    /// Measures the ways into and out of the devices' memory too.
    public Ceilings withTransfers(List<Site> sites) {
        for (var site : sites)
            for (var transfer : site.device().transfers()) {
                var name = transfer.name() + ", " + site;
                var rounds = new ArrayList<>(earlier.apply(name));
                links.add(new Link(new Ceiling(site, name, "byte/s", rounds), transfer));
            }
        return this;
    }

    private void measureTransfers(int round) {
        for (var link : links) {
            var ceiling = link.ceiling();
            if (ceiling.rounds().size() > round) continue;
            try {
                double bytes = link.transfer().bytes();
                double[] seconds = link.transfer().seconds(PASSES);
                ceiling.rounds().add(Arrays.stream(seconds).map(s -> bytes / s).toArray());
            } catch (RuntimeException e) {
                missing.add(ceiling.name() + ": " + Campaign.reason(e));
            }
        }
    }

    /// Measures each limit once more, unless it was in round `round` already. One that fails, as on
    /// a device that a row has brought down, keeps what it has and is measured no more.
    public void measure(int round) {
        measureTransfers(round);
        var sampler = new Sampler(protocol);
        for (var timed : List.copyOf(running)) {
            if (timed.ceiling().rounds().size() > round) continue;
            try {
                timed.round(sampler);
            } catch (RuntimeException e) {
                running.remove(timed);
                missing.add(timed.ceiling().name() + ": " + Campaign.reason(e));
            }
        }
    }

    public List<Ceiling> all() {
        return Stream.concat(
                        all.stream().<Ceiling>map(Timed::ceiling),
                        links.stream()
                                .<Ceiling>map(Link::ceiling)
                                .filter(c -> !c.rounds().isEmpty()))
                .toList();
    }

    /// Which limits are not known, and why; shares of them are not given.
    public List<String> missing() {
        return List.copyOf(missing);
    }

    /// How close a row comes to the roof that binds it: compute where its intensity is at or past
    /// the ridge, else memory, for which the best of the streams stands. Tensor cores are the roof
    /// of bf16 matrix products and attention.
    ///
    /// @param cost of the workload
    /// @param hot the operands stay in the caches, which the memory roof does not bind: compute
    ///   then binds whatever the intensity
    /// @param seconds per launch as sampled, one array per round
    Optional<Share> share(
            Site site, Workload<?> workload, Cost cost, boolean hot, List<double[]> seconds) {
        var compute = best(t -> t.on(site) && t.ceiling().compute() && t.limits(workload));
        var memory = best(t -> t.on(site) && !t.ceiling().compute());
        if (compute.isEmpty() || memory.isEmpty()) return Optional.empty();
        boolean bound = hot || cost.intensity() * memory.get().median() >= compute.get().median();
        var roof = bound ? compute.get() : memory.get();
        double work = bound ? cost.flops() : cost.bytes();
        double[] shares =
                IntStream.range(0, Math.min(seconds.size(), roof.rounds().size()))
                        .mapToDouble(
                                r -> work / median(seconds.get(r)) / median(roof.rounds().get(r)))
                        .toArray();
        return Optional.of(new Share(roof.name(), median(shares)));
    }

    private static double median(double[] values) {
        return Measurement.quantile(Arrays.stream(values).sorted().toArray(), 0.5);
    }

    private Optional<Ceiling> best(Predicate<Timed<?>> of) {
        return all.stream()
                .filter(of)
                .<Ceiling>map(Timed::ceiling)
                .filter(c -> !c.rounds().isEmpty())
                .max(Comparator.comparingDouble(Ceiling::median));
    }
}
