package dev.ridgeline.report;

import dev.ridgeline.measure.Measurement;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.report.ResultFile.CeilingRecord;
import dev.ridgeline.report.Row.Status;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/// Rows of invented numbers, with invented noise, as shares of invented ceilings.
final class SampleRows {
    private static final double[] FLOPS = {118e9, 233e9};
    private static final double[] BYTES = {21.4e9, 27.1e9};

    private final Protocol protocol;
    private final Random random;
    private final List<Row> rows = new ArrayList<>();

    /// @param seed of the noise
    SampleRows(Protocol protocol, long seed) {
        this.protocol = protocol;
        random = new Random(seed);
    }

    List<Row> all() {
        return rows;
    }

    CeilingRecord ceiling(boolean compute, int threads) {
        var samples = rounds(peak(compute, threads), 0.004);
        var m = new Measurement(samples);
        return new CeilingRecord(
                ceilingName(compute, threads),
                "cpu",
                threads,
                m.median(),
                m.low(),
                m.high(),
                unit(compute),
                samples);
    }

    private static double peak(boolean compute, int threads) {
        return (compute ? FLOPS : BYTES)[threads - 1];
    }

    private static String ceilingName(boolean compute, int threads) {
        return (compute ? "fma f32, " : "stream triad, ")
                + (threads == 1 ? "1 thread" : threads + " threads");
    }

    private static String unit(boolean compute) {
        return compute ? "flop/s" : "byte/s";
    }

    record Work(String op, String variant, Map<String, Integer> shape, String dtype, String idea) {
        String key(int threads) {
            return "%s %s %s %s %s/%s cpu %d"
                    .formatted(op, variant, shape, dtype, op, idea, threads);
        }
    }

    void measured(
            Work work,
            int threads,
            double flops,
            double bytes,
            String convention,
            boolean compute,
            double share) {
        double peak = peak(compute, threads);
        double amount = compute ? flops : bytes;
        boolean disturbed = rows.size() % 17 == 11;
        var samples = rounds(amount / (peak * share), disturbed ? 0.06 : 0.006);
        var m = new Measurement(samples);
        boolean big = flops > 1e9;
        rows.add(
                new Row(
                        work.key(threads),
                        work.op(),
                        work.variant(),
                        work.shape(),
                        work.dtype(),
                        work.op() + "/" + work.idea(),
                        "cpu",
                        threads,
                        Status.MEASURED,
                        Optional.empty(),
                        Optional.of(
                                new Row.Proof(
                                        big
                                                ? "a sample against the f64 reference, every"
                                                        + " element against another kernel"
                                                : "every element against the f64 reference",
                                        (long) (bytes / 12),
                                        0.05 + 0.3 * random.nextDouble())),
                        flops,
                        bytes,
                        convention,
                        Optional.of(Row.Seconds.of(m, protocol.maxNoise())),
                        Optional.of(Row.Rate.of(amount, m, unit(compute))),
                        Optional.of(
                                new Row.Share(
                                        ceilingName(compute, threads), amount / m.median() / peak)),
                        Optional.of("cold"),
                        samples));
    }

    void unmeasured(String variant, String dtype, String idea, Status status, String reason) {
        var work =
                new Work("gemm", variant, Samples.shape("m", 512, "n", 512, "k", 512), dtype, idea);
        rows.add(
                new Row(
                        work.key(2),
                        work.op(),
                        variant,
                        work.shape(),
                        dtype,
                        "gemm/" + idea,
                        "cpu",
                        2,
                        status,
                        Optional.of(reason),
                        Optional.empty(),
                        2.0 * 512 * 512 * 512,
                        6.0 * 512 * 512,
                        "2mnk",
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of()));
    }

    /// Samples of `value`: rounds differ by the share `spread`, samples of a round by less, with a
    /// tail to the slow side.
    private List<double[]> rounds(double value, double spread) {
        return IntStream.range(0, 5)
                .mapToObj(
                        _ -> {
                            double round = value * (1 + spread * random.nextGaussian());
                            return IntStream.range(0, 8)
                                    .mapToDouble(
                                            _ ->
                                                    round
                                                            * (1
                                                                    + spread
                                                                            / 3
                                                                            * Math.abs(
                                                                                    random
                                                                                            .nextGaussian())))
                                    .toArray();
                        })
                .toList();
    }
}
