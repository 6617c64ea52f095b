package dev.ridgeline.cli;

import dev.ridgeline.device.Occupancy;
import dev.ridgeline.measure.CampaignCase;
import dev.ridgeline.measure.CampaignResult;
import dev.ridgeline.measure.CampaignResult.Failed;
import dev.ridgeline.measure.CampaignResult.Measured;
import dev.ridgeline.measure.CampaignResult.Rejected;
import dev.ridgeline.measure.Ceilings.Ceiling;
import dev.ridgeline.measure.Evidence;
import dev.ridgeline.measure.Measurement;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Refused;
import dev.ridgeline.measure.Verified;
import dev.ridgeline.measure.Wrong;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.op.Cost;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.MmaLoop;
import dev.ridgeline.op.Op;
import dev.ridgeline.report.ResultFile.CeilingRecord;
import dev.ridgeline.report.Row;

import java.util.List;
import java.util.Optional;

/// What a campaign found, as the records of a result.
final class Rows {
    private Rows() {}

    static Row of(CampaignResult result, Protocol protocol) {
        return switch (result) {
            case Measured m -> measured(m, protocol);
            case Rejected r ->
                    switch (r.verdict()) {
                        case Wrong<?> wrong ->
                                unmeasured(r.row(), Row.Status.WRONG, wrong.message(), List.of());
                        case Refused<?> refused ->
                                unmeasured(
                                        r.row(), Row.Status.REFUSED, refused.reason(), List.of());
                        case Verified<?> _ ->
                                throw new IllegalStateException("a verified kernel was rejected");
                    };
            case Failed f -> unmeasured(f.row(), Row.Status.FAILED, f.reason(), f.samples());
        };
    }

    private static Row measured(Measured m, Protocol protocol) {
        var op = m.row().workload().planned();
        var time = m.time();
        return row(
                m.row(),
                op.cost(),
                Row.Status.MEASURED,
                Optional.empty(),
                Optional.of(m.evidence()),
                Optional.of(Row.Seconds.of(time, protocol.maxNoise())),
                Optional.of(rate(op, time)),
                m.share().map(s -> new Row.Share(s.ceiling(), s.value())),
                Optional.of(m.cache()),
                time.rounds());
    }

    /// In flop/s for what people know in flop/s, and in byte/s for all else.
    private static Row.Rate rate(Op op, Measurement time) {
        boolean compute =
                op instanceof Gemm
                        || op instanceof Attention
                        || op instanceof AttentionBackward
                        || op instanceof FmaLoop
                        || op instanceof MmaLoop;
        double work = compute ? op.cost().flops() : op.cost().bytes();
        return Row.Rate.of(work, time, compute ? "flop/s" : "byte/s");
    }

    private static Row unmeasured(
            CampaignCase<?> at, Row.Status status, String reason, List<double[]> samples) {
        return row(
                at,
                at.workload().planned().cost(),
                status,
                Optional.of(reason),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                samples);
    }

    private static Row row(
            CampaignCase<?> at,
            Cost cost,
            Row.Status status,
            Optional<String> reason,
            Optional<Evidence> evidence,
            Optional<Row.Seconds> seconds,
            Optional<Row.Rate> rate,
            Optional<Row.Share> share,
            Optional<String> cache,
            List<double[]> samples) {
        var workload = at.workload();
        return new Row(
                at.key(),
                Op.name(workload.type()),
                workload.variant(),
                workload.extents(),
                workload.dtype().label(),
                at.kernel().id().toString(),
                at.site().device().name(),
                at.site().threads(),
                status,
                reason,
                evidence.map(e -> new Row.Proof(e.how(), e.elements(), e.worst())),
                cost.flops(),
                cost.bytes(),
                cost.convention(),
                seconds,
                rate,
                share,
                cache,
                Optional.empty(),
                evidence.map(Evidence::occupancy)
                        .filter(o -> !o.isEmpty())
                        .map(o -> o.stream().map(Rows::of).toList()),
                samples);
    }

    private static Row.Occupancy of(Occupancy o) {
        return new Row.Occupancy(
                o.entry(),
                o.registers(),
                o.localBytes(),
                o.sharedBytes(),
                o.threads(),
                o.blocks(),
                o.share());
    }

    /// @param ceiling with at least one round
    static CeilingRecord of(Ceiling ceiling) {
        // an interval of rates is that of times turned over
        var rates = new Measurement(ceiling.rounds());
        return new CeilingRecord(
                ceiling.name(),
                ceiling.site().device().name(),
                ceiling.site().threads(),
                rates.median(),
                rates.low(),
                rates.high(),
                ceiling.unit(),
                ceiling.rounds());
    }
}
