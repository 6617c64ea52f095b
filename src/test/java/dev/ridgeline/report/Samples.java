package dev.ridgeline.report;

import dev.ridgeline.report.Row.Status;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Results with invented numbers, for tests.
final class Samples {
    private Samples() {}

    /// About 45 rows on one and two threads: most fine, a few noisy, one refused, one wrong.
    static ResultFile suite() {
        return suite(1, 1);
    }

    /// The same suite on another day: GEMM faster by `speed`, everything else the same but for
    /// noise.
    static ResultFile suite(long seed, double speed) {
        return SampleSuite.of(seed, speed);
    }

    /// A file with these rows and nothing of interest besides.
    static ResultFile of(Row... rows) {
        var like = suite();
        return new ResultFile(
                like.schema(),
                like.created(),
                like.argv(),
                like.ridgeline(),
                like.host(),
                like.devices(),
                like.protocol(),
                like.ceilings(),
                List.of(rows),
                false);
    }

    /// A measured row `op/workload` that takes `median` seconds, give or take the share `noise`.
    static Row row(String key, double median, double noise) {
        return row(key, "gemm", median, noise);
    }

    static Row row(String key, String op, double median, double noise) {
        double low = median * (1 - noise);
        double high = median * (1 + noise);
        return new Row(
                key,
                op,
                "nt",
                shape("m", 64, "n", 64, "k", 64),
                "f32",
                op + "/cpu_packed",
                "cpu",
                1,
                Status.MEASURED,
                Optional.empty(),
                Optional.of(new Row.Proof("every element against the f64 reference", 4096, 0.2)),
                1e6,
                1e5,
                "2mnk",
                Optional.of(
                        new Row.Seconds(median, low, high, low, low, high, noise, noise > 0.02)),
                Optional.of(new Row.Rate(1e6 / median, 1e6 / high, 1e6 / low, "flop/s")),
                Optional.of(new Row.Share("fma f32, 1 thread", 0.5)),
                Optional.of("cold"),
                List.of(new double[] {low, median, high}));
    }

    /// A training step in `percent` of its working set that takes so much longer than in all of it.
    static Row capped(String key, int percent, double longer) {
        var like = row(key, "training_step", longer, 0.01);
        return new Row(
                key,
                like.op(),
                "gpt2-124m cap " + percent + "%",
                like.shape(),
                like.dtype(),
                "training_step/capped",
                like.device(),
                like.threads(),
                like.status(),
                Optional.empty(),
                like.verified(),
                like.flops(),
                like.bytes(),
                like.convention(),
                like.seconds(),
                like.rate(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(
                        new Row.Capacity(
                                percent + "%",
                                (long) percent << 24,
                                100L << 24,
                                percent == 100 ? "all resident" : "streams moments",
                                "the fastest of 12 plans that fit",
                                longer * 0.97,
                                -0.03,
                                1 / longer,
                                longer - 1,
                                longer - 0.5,
                                0.9,
                                0.01,
                                percent == 100 ? 0 : 1_000_000_000L,
                                percent == 100 ? 0 : 900_000_000L,
                                Optional.of(percent == 100 ? 0 : 1_800_000_000L),
                                8e9,
                                7e9)),
                Optional.empty(),
                like.samples());
    }

    /// A row of a GPU, whose kernel fills the multiprocessors as said.
    static Row occupying(String key, Row.Occupancy... launches) {
        var like = row(key, 1, 0.01);
        return new Row(
                key,
                like.op(),
                like.variant(),
                like.shape(),
                like.dtype(),
                "gemm/portable_pipelined",
                "cuda:0",
                like.threads(),
                like.status(),
                like.reason(),
                like.verified(),
                like.flops(),
                like.bytes(),
                like.convention(),
                like.seconds(),
                like.rate(),
                like.share(),
                like.cache(),
                Optional.empty(),
                Optional.of(List.of(launches)),
                like.samples());
    }

    /// A row without a measurement.
    static Row without(String key, Status status, String reason) {
        var like = row(key, 1, 0.01);
        return new Row(
                key,
                like.op(),
                like.variant(),
                like.shape(),
                like.dtype(),
                like.kernel(),
                like.device(),
                like.threads(),
                status,
                Optional.of(reason),
                Optional.empty(),
                like.flops(),
                like.bytes(),
                like.convention(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of());
    }

    static Map<String, Integer> shape(Object... namesAndExtents) {
        var shape = new LinkedHashMap<String, Integer>();
        for (int i = 0; i < namesAndExtents.length; i += 2)
            shape.put((String) namesAndExtents[i], (Integer) namesAndExtents[i + 1]);
        return shape;
    }
}
