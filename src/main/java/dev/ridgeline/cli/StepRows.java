package dev.ridgeline.cli;

import dev.ridgeline.measure.Ceilings;
import dev.ridgeline.measure.Ceilings.Ceiling;
import dev.ridgeline.measure.Measurement;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Site;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.StepProfile;
import dev.ridgeline.op.Op;
import dev.ridgeline.report.Row;
import dev.ridgeline.report.Si;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A training step that was timed, as rows of a result and as text: one row for the step, whose
/// work is the model's flops, and one for each operation in it, whose work is that of its calls.
final class StepRows {
    private static final String STEP = "training_step";
    private static final String CONVENTION = "6N + 6·L·A·T per token";

    private final Site site;
    private final ModelOptions.Named model;
    private final StepOptions options;
    private final Protocol protocol;
    private final StepProfile profile;
    private final Optional<Ceiling> compute;
    private final Optional<Ceiling> memory;
    private final double modelFlops;
    private final long parameters;

    StepRows(
            Site site,
            ModelOptions.Named model,
            StepOptions options,
            Protocol protocol,
            Ceilings ceilings,
            StepProfile profile) {
        this.site = site;
        this.model = model;
        this.options = options;
        this.protocol = protocol;
        this.profile = profile;
        compute = best(ceilings, "flop/s");
        memory = best(ceilings, "byte/s");
        modelFlops = model.config().flopsPerToken(options.sequence()) * options.tokens();
        parameters = Parameters.of(model.config()).count();
    }

    private static Optional<Ceiling> best(Ceilings ceilings, String unit) {
        return ceilings.all().stream()
                .filter(c -> c.unit().equals(unit) && !c.rounds().isEmpty())
                .max(Comparator.comparingDouble(Ceiling::median));
    }

    List<Row> rows(List<double[]> seconds, List<Map<String, Double>> byOp) {
        var rows = new ArrayList<Row>();
        double bytes = profile.shares().stream().mapToDouble(StepProfile.Share::bytes).sum();
        rows.add(row(STEP, 1, modelFlops, bytes, CONVENTION, true, seconds, mfu(seconds)));
        for (var share : profile.shares()) {
            var samples = samples(share, byOp);
            boolean flops = share.flops() > 0 && isCompute(share);
            rows.add(
                    row(
                            share.op(),
                            share.calls(),
                            share.flops(),
                            share.bytes(),
                            share.ops().getFirst().cost().convention(),
                            flops,
                            samples,
                            roofline(share, samples)));
        }
        return rows;
    }

    private static List<double[]> samples(StepProfile.Share share, List<Map<String, Double>> byOp) {
        return byOp.stream().map(round -> new double[] {round.get(share.op())}).toList();
    }

    private Row row(
            String op,
            int calls,
            double flops,
            double bytes,
            String convention,
            boolean inFlops,
            List<double[]> samples,
            Optional<Row.Share> share) {
        var time = new Measurement(samples);
        Map<String, Integer> shape = new LinkedHashMap<>();
        shape.put("batch", options.batch());
        shape.put("seq", options.sequence());
        shape.put("micro", options.microBatches());
        shape.put("calls", calls);
        var variant = model.name() + (options.recompute() ? " recompute" : "");
        double work = inFlops ? flops : bytes;
        return new Row(
                "%s %s batch=%d seq=%d micro=%d %s, step, %s"
                        .formatted(
                                op,
                                variant,
                                options.batch(),
                                options.sequence(),
                                options.microBatches(),
                                options.dtype().label(),
                                site),
                op,
                variant,
                Collections.unmodifiableMap(shape),
                options.dtype().label(),
                op + "/in_step",
                site.device().name(),
                site.threads(),
                Row.Status.MEASURED,
                Optional.empty(),
                Optional.empty(),
                flops,
                bytes,
                convention,
                Optional.of(Row.Seconds.of(time, protocol.maxNoise())),
                Optional.of(Row.Rate.of(work, time, inFlops ? "flop/s" : "byte/s")),
                share,
                Optional.empty(),
                samples);
    }

    private Optional<Row.Share> mfu(List<double[]> seconds) {
        double median = new Measurement(seconds).median();
        return compute.map(c -> new Row.Share(c.name(), modelFlops / median / c.median()));
    }

    /// The shortest time that the ceilings allow the calls, each bound by what binds it, over the
    /// time they took.
    private Optional<Row.Share> roofline(StepProfile.Share share, List<double[]> samples) {
        if (compute.isEmpty() || memory.isEmpty()) return Optional.empty();
        double byFlops = 0;
        double byBytes = 0;
        for (Op op : share.ops()) {
            double flops = op.cost().flops() / compute.get().median();
            double bytes = op.cost().bytes() / memory.get().median();
            if (flops > bytes) byFlops += flops;
            else byBytes += bytes;
        }
        var binding = byFlops > byBytes ? compute.get() : memory.get();
        double median = new Measurement(samples).median();
        return Optional.of(new Row.Share(binding.name(), (byFlops + byBytes) / median));
    }

    private static boolean isCompute(StepProfile.Share share) {
        return share.op().equals("gemm") || share.op().startsWith("attention");
    }

    String text(List<double[]> seconds, List<Map<String, Double>> byOp) {
        var time = new Measurement(seconds);
        double done =
                profile.shares().stream()
                        .filter(StepRows::isCompute)
                        .mapToDouble(StepProfile.Share::flops)
                        .sum();
        var text = new StringBuilder();
        text.append(
                String.format(
                        Locale.ROOT,
                        "%s, %,d parameters, %d x %d tokens%s, %s%s, %s%n",
                        model.name(),
                        parameters,
                        options.batch() * options.microBatches(),
                        options.sequence(),
                        options.microBatches() > 1
                                ? " in " + options.microBatches() + " batches"
                                : "",
                        options.dtype().label(),
                        options.recompute() ? ", recomputing" : "",
                        site));
        text.append(
                String.format(
                        Locale.ROOT,
                        "%s %s, %.1f token/s, %s by %s%n",
                        Si.seconds(time.median()),
                        Si.plusMinus(time.noise()),
                        options.tokens() / time.median(),
                        Si.rate(modelFlops / time.median(), "flop/s"),
                        CONVENTION));
        compute.ifPresent(
                c ->
                        text.append(
                                String.format(
                                        Locale.ROOT,
                                        "MFU %s, HFU %s (products and attention as computed), of %s"
                                                + " as measured in this run (%s)%n",
                                        Si.percent(modelFlops / time.median() / c.median()),
                                        Si.percent(done / time.median() / c.median()),
                                        Si.rate(c.median(), c.unit()),
                                        c.name())));
        table(text, byOp);
        return text.toString();
    }

    private void table(StringBuilder text, List<Map<String, Double>> byOp) {
        double whole =
                new Measurement(
                                byOp.stream()
                                        .map(
                                                round ->
                                                        new double[] {
                                                            round.values().stream()
                                                                    .mapToDouble(s -> s)
                                                                    .sum()
                                                        })
                                        .toList())
                        .median();
        text.append(
                String.format(
                        Locale.ROOT,
                        "%n%-22s %6s %12s %8s %14s %9s%n",
                        "op",
                        "calls",
                        "time",
                        "of step",
                        "rate",
                        "roofline"));
        profile.shares().stream()
                .sorted(
                        Comparator.comparingDouble(
                                s -> -new Measurement(samples(s, byOp)).median()))
                .forEach(
                        share -> {
                            var samples = samples(share, byOp);
                            double median = new Measurement(samples).median();
                            boolean flops = isCompute(share);
                            text.append(
                                    String.format(
                                            Locale.ROOT,
                                            "%-22s %6d %12s %8s %14s %9s%n",
                                            share.op(),
                                            share.calls(),
                                            Si.seconds(median),
                                            Si.percent(median / whole),
                                            flops
                                                    ? Si.rate(share.flops() / median, "flop/s")
                                                    : Si.rate(share.bytes() / median, "byte/s"),
                                            roofline(share, samples)
                                                    .map(s -> Si.percent(s.value()))
                                                    .orElse("unknown")));
                        });
    }
}
