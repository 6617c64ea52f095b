package dev.ridgeline.cli;

import dev.ridgeline.measure.Measurement;
import dev.ridgeline.report.Row;
import dev.ridgeline.residency.Plan;
import dev.ridgeline.residency.Planner.Decision;
import dev.ridgeline.residency.Traffic;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A sweep over caps as rows of a result.
final class CapacityRows {
    private static final String CONVENTION = "6N + 6·L·A·T per token";
    private static final String PROVEN =
            "losses and gradient norms of two steps, bit by bit those under the largest cap";

    private final CapacityStudy study;

    CapacityRows(CapacityStudy study) {
        this.study = study;
    }

    List<Row> rows() {
        return study.cases().stream().map(this::row).toList();
    }

    private Row row(CapacityCase c) {
        Map<String, Integer> shape = new LinkedHashMap<>();
        shape.put("batch", study.options().batch());
        shape.put("seq", study.options().sequence());
        shape.put("micro", study.options().microBatches());
        var variant = study.model().name() + " cap " + c.cap().name();
        boolean measured = c.measured();
        double flops =
                study.model().config().flopsPerToken(study.options().sequence())
                        * study.options().tokens();
        var time = measured ? Optional.of(new Measurement(c.seconds())) : missing();
        return new Row(
                "capacity %s batch=%d seq=%d micro=%d %s, %s"
                        .formatted(
                                variant,
                                study.options().batch(),
                                study.options().sequence(),
                                study.options().microBatches(),
                                study.options().dtype().label(),
                                study.site()),
                "training_step",
                variant,
                shape,
                study.options().dtype().label(),
                "training_step/capped",
                study.site().device().name(),
                study.site().threads(),
                status(c),
                measured ? Optional.empty() : Optional.of(c.wrong().orElseGet(study::tooSmall)),
                measured ? Optional.of(new Row.Proof(PROVEN, 4, 0)) : Optional.empty(),
                flops,
                measured ? c.perStep().bytesIn() + c.perStep().bytesOut() : 0,
                CONVENTION,
                time.map(t -> Row.Seconds.of(t, study.protocol().maxNoise())),
                time.map(t -> Row.Rate.of(flops, t, "flop/s")),
                Optional.empty(),
                Optional.empty(),
                c.decision().filter(_ -> measured).map(d -> capacity(c, d)),
                Optional.empty(),
                c.seconds());
    }

    private static Optional<Measurement> missing() {
        return Optional.empty();
    }

    private static Row.Status status(CapacityCase c) {
        if (c.measured()) return Row.Status.MEASURED;
        return c.wrong().isPresent() ? Row.Status.WRONG : Row.Status.REFUSED;
    }

    private Row.Capacity capacity(CapacityCase c, Decision decision) {
        Plan plan = decision.plan();
        Traffic moved = c.perStep();
        double median = c.median();
        return new Row.Capacity(
                c.cap().name(),
                c.bytes(),
                study.workingSet(),
                plan.strategy(),
                decision.reason(),
                plan.seconds(),
                (plan.seconds() - median) / median,
                study.full().median() / median,
                moved.stall(),
                moved.copySeconds(study.speeds().duplex()),
                moved.overlap(study.speeds().duplex()),
                excess(plan, moved, median),
                moved.bytesIn(),
                moved.bytesOut(),
                Optional.of(plan.leastBytes()),
                study.speeds().in(),
                study.speeds().out());
    }

    /// What it took beyond the longer of computing and copying and what the plan adds to that.
    private double excess(Plan plan, Traffic moved, double seconds) {
        var full = study.full();
        double copying = study.speeds().copySeconds(moved.bytesIn(), moved.bytesOut());
        var uncapped = full.decision().orElseThrow().plan();
        double measured = Math.max(full.median() - full.perStep().stall(), copying);
        double predicted = Math.max(uncapped.seconds() - uncapped.stallSeconds(), copying);
        double expected = measured + plan.seconds() - predicted;
        return (seconds - expected) / expected;
    }
}
