package dev.ridgeline.cli;

import static dev.ridgeline.report.Columns.Column.left;
import static dev.ridgeline.report.Columns.Column.right;

import dev.ridgeline.measure.Measurement;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Site;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.report.CapacityCurve;
import dev.ridgeline.report.Columns;
import dev.ridgeline.report.Row;
import dev.ridgeline.report.Si;
import dev.ridgeline.residency.Plan;
import dev.ridgeline.residency.Planner.Decision;
import dev.ridgeline.residency.Speeds;
import dev.ridgeline.residency.Traffic;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A sweep over caps as rows of a result and as text.
final class CapacityRows {
    private static final String CONVENTION = "6N + 6·L·A·T per token";
    private static final String PROVEN =
            "losses and gradient norms of two steps, bit by bit those under the largest cap";

    private final Site site;
    private final ModelOptions.Named model;
    private final StepOptions options;
    private final Protocol protocol;
    private final Speeds speeds;
    private final long workingSet;
    private final long least;
    private final List<CapacityCase> cases;

    /// @param least bytes with which the step can be run at all
    /// @param cases largest cap first
    CapacityRows(
            Site site,
            ModelOptions.Named model,
            StepOptions options,
            Protocol protocol,
            Speeds speeds,
            long workingSet,
            long least,
            List<CapacityCase> cases) {
        this.site = site;
        this.model = model;
        this.options = options;
        this.protocol = protocol;
        this.speeds = speeds;
        this.workingSet = workingSet;
        this.least = least;
        this.cases = cases;
    }

    /// What is expected, before anything is run.
    String predictions() {
        var text = new StringBuilder();
        text.append(
                String.format(
                        Locale.ROOT,
                        "%s, %d x %d tokens%s, %s, %s; working set %s, least that works %s%n",
                        model.name(),
                        options.batch() * options.microBatches(),
                        options.sequence(),
                        options.microBatches() > 1
                                ? " in " + options.microBatches() + " batches"
                                : "",
                        options.dtype().label(),
                        site,
                        Si.binaryBytes(workingSet),
                        Si.binaryBytes(least)));
        text.append(
                "link %s to the device, %s from it%s%n%npredicted%n"
                        .formatted(
                                Si.rate(speeds.in(), "byte/s"),
                                Si.rate(speeds.out(), "byte/s"),
                                speeds.duplex() ? "" : ", one way at a time"));
        var table =
                new Columns(
                        2,
                        Terminal.charset(),
                        List.of(
                                right("cap"),
                                right("memory"),
                                right("step"),
                                right("stall"),
                                left("strategy")));
        for (var c : cases)
            table.add(
                    c.decision()
                            .map(
                                    d ->
                                            List.of(
                                                    c.cap().name(),
                                                    Si.binaryBytes(c.bytes()),
                                                    Si.seconds(d.plan().seconds()),
                                                    Si.seconds(d.plan().stallSeconds()),
                                                    d.plan().strategy() + ": " + d.reason()))
                            .orElseGet(
                                    () ->
                                            List.of(
                                                    c.cap().name(),
                                                    Si.binaryBytes(c.bytes()),
                                                    "",
                                                    "",
                                                    tooSmall())));
        return text + table.render() + "\n";
    }

    private String tooSmall() {
        return "too small: the least that works is %s (%,d bytes)"
                .formatted(Si.binaryBytes(least), least);
    }

    List<Row> rows() {
        return cases.stream().map(this::row).toList();
    }

    private Row row(CapacityCase c) {
        Map<String, Integer> shape = new LinkedHashMap<>();
        shape.put("batch", options.batch());
        shape.put("seq", options.sequence());
        shape.put("micro", options.microBatches());
        var variant = model.name() + " cap " + c.cap().name();
        boolean measured = c.measured();
        double flops = model.config().flopsPerToken(options.sequence()) * options.tokens();
        var time = measured ? Optional.of(new Measurement(c.seconds())) : missing();
        return new Row(
                "capacity %s batch=%d seq=%d micro=%d %s, %s"
                        .formatted(
                                variant,
                                options.batch(),
                                options.sequence(),
                                options.microBatches(),
                                options.dtype().label(),
                                site),
                "training_step",
                variant,
                shape,
                options.dtype().label(),
                "training_step/capped",
                site.device().name(),
                site.threads(),
                status(c),
                measured ? Optional.empty() : Optional.of(c.wrong().orElseGet(this::tooSmall)),
                measured ? Optional.of(new Row.Proof(PROVEN, 4, 0)) : Optional.empty(),
                flops,
                measured ? c.perStep().bytesIn() + c.perStep().bytesOut() : 0,
                CONVENTION,
                time.map(this::seconds),
                time.map(t -> rate(flops, t)),
                Optional.empty(),
                Optional.empty(),
                c.decision().filter(_ -> measured).map(d -> capacity(c, d)),
                c.seconds());
    }

    private static Optional<Measurement> missing() {
        return Optional.empty();
    }

    private static Row.Status status(CapacityCase c) {
        if (c.measured()) return Row.Status.MEASURED;
        return c.wrong().isPresent() ? Row.Status.WRONG : Row.Status.REFUSED;
    }

    private Row.Seconds seconds(Measurement time) {
        return new Row.Seconds(
                time.median(),
                time.low(),
                time.high(),
                time.min(),
                time.quantile(0.25),
                time.quantile(0.75),
                time.noise(),
                time.noise() > protocol.maxNoise());
    }

    private static Row.Rate rate(double flops, Measurement time) {
        double shortest = time.low() > 0 ? time.low() : time.min();
        return new Row.Rate(flops / time.median(), flops / time.high(), flops / shortest, "flop/s");
    }

    private Row.Capacity capacity(CapacityCase c, Decision decision) {
        Plan plan = decision.plan();
        Traffic moved = c.perStep();
        double median = new Measurement(c.seconds()).median();
        return new Row.Capacity(
                c.cap().name(),
                c.bytes(),
                workingSet,
                plan.strategy(),
                decision.reason(),
                plan.seconds(),
                (plan.seconds() - median) / median,
                full() / median,
                moved.stall(),
                moved.copySeconds(speeds.duplex()),
                moved.overlap(speeds.duplex()),
                moved.bytesIn(),
                moved.bytesOut(),
                speeds.in(),
                speeds.out());
    }

    /// Seconds under the largest cap that was measured.
    private double full() {
        return cases.stream()
                .filter(CapacityCase::measured)
                .findFirst()
                .map(c -> new Measurement(c.seconds()).median())
                .orElseThrow();
    }

    String text() {
        var table =
                new Columns(
                        2,
                        Terminal.charset(),
                        List.of(
                                right("cap"),
                                right("memory"),
                                right("step"),
                                right("95 %"),
                                right("token/s"),
                                right("speed"),
                                right("in"),
                                right("out"),
                                right("stall"),
                                right("overlap"),
                                right("predicted"),
                                right("error"),
                                left("strategy")));
        table.heading("measured");
        var rows = rows();
        for (var row : rows)
            row.capacity()
                    .ifPresentOrElse(c -> table.add(cells(row, c)), () -> refused(table, row));
        var text = new StringBuilder(table.render());
        CapacityCurve.knee(rows)
                .ifPresent(
                        knee ->
                                text.append(
                                        "%nknee: %s (%s) is the least memory tried that keeps %s of the speed under the largest%n"
                                                .formatted(
                                                        knee.name(),
                                                        Si.binaryBytes(knee.capBytes()),
                                                        Si.percent(CapacityCurve.KNEE))));
        text.append(
                """
                in, out: bytes copied per step; stall: time that the computation waited for copies
                overlap: time in which both ran, over the shorter of computing and copying
                """);
        if (cases.stream().allMatch(c -> c.wrong().isEmpty()))
            text.append("every cap gave the same losses and gradient norms, bit by bit\n");
        return text.toString();
    }

    private List<String> cells(Row row, Row.Capacity c) {
        var time = row.seconds().orElseThrow();
        return List.of(
                c.name(),
                Si.binaryBytes(c.capBytes()),
                Si.seconds(time.median()),
                Si.plusMinus(time.noise()),
                String.format(Locale.ROOT, "%.1f", options.tokens() / time.median()),
                Si.percent(c.speed()),
                Si.scaled(c.in(), 3, "B"),
                Si.scaled(c.out(), 3, "B"),
                Si.seconds(c.stall()),
                Si.percent(c.overlap()),
                Si.seconds(c.predicted()),
                String.format(Locale.ROOT, "%+.1f %%", 100 * c.error()),
                c.strategy());
    }

    private static void refused(Columns table, Row row) {
        table.heading("%s: %s".formatted(row.variant(), row.reason().orElse("")));
    }

    int exit() {
        if (cases.stream().anyMatch(c -> c.wrong().isPresent())) return Exit.WRONG;
        return cases.stream().anyMatch(CapacityCase::measured) ? Exit.OK : Exit.ENVIRONMENT;
    }
}
