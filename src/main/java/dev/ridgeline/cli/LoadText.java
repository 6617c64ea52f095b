package dev.ridgeline.cli;

import dev.ridgeline.cli.LoadRun.Outcome;
import dev.ridgeline.load.LoadReport;
import dev.ridgeline.measure.Measurement;
import dev.ridgeline.report.Si;
import dev.ridgeline.shard.Checkpoint;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// A load, for people.
final class LoadText {
    private final Checkpoint checkpoint;
    private final LoadRun run;

    LoadText(Checkpoint checkpoint, LoadRun run) {
        this.checkpoint = checkpoint;
        this.run = run;
    }

    String heading() {
        var options = run.options();
        var text = new StringBuilder();
        line(
                text,
                "%s, %s in %s, %,d bytes; %,d bytes of %s%s",
                checkpoint.files().getFirst().path().toAbsolutePath().getParent().getFileName(),
                Si.count(checkpoint.names().size(), "tensor"),
                Si.count(checkpoint.files().size(), "file"),
                checkpoint.bytes(),
                run.plan().bytes(),
                run.targets() == 1 ? "memory" : "each of %d memories".formatted(run.targets()),
                run.plan().casts() ? ", cast on the way" : "");
        line(
                text,
                "by %s, %s, blocks of %s, a ring of %s",
                options.access().label(),
                Si.count(options.readers(), "reader"),
                Si.binaryBytes(options.blockBytes()),
                Si.binaryBytes(run.ringBytes()));
        int ranks = run.targets();
        for (int rank = 0; ranks > 1 && rank < ranks; rank++)
            line(
                    text,
                    "  memory %d reads %,d bytes and gathers %,d from its peers",
                    rank,
                    run.plan().share(rank, ranks).fileBytes(),
                    run.plan().bytes()
                            - run.plan().boundary(rank + 1, ranks)
                            + run.plan().boundary(rank, ranks));
        for (var device : Descriptions.byDevice(run.sites())) line(text, "%s", device);
        return text.toString();
    }

    String of(Outcome outcome) {
        var text = new StringBuilder();
        var reports = outcome.reports();
        var resident = outcome.resident().stream().mapToDouble(r -> r).summaryStatistics();
        line(
                text,
                "%n%s: of the files the page cache has %s before a load",
                outcome.state(),
                resident.getMin() == resident.getMax()
                        ? Si.percent(resident.getMin())
                        : Si.percent(resident.getMin()) + " to " + Si.percent(resident.getMax()));
        outcome.limits().forEach((name, rates) -> rate(text, name, "", median(rates), ""));
        var first = reports.getFirst();
        var share = LoadRows.share(outcome);
        rate(
                text,
                "end to end",
                Si.seconds(median(reports, LoadReport::seconds)),
                median(reports, LoadReport::rate),
                "%s of %s".formatted(Si.percent(share.value()), share.ceiling()));
        for (int s = 0; s < first.stages().size(); s++) {
            int stage = s;
            if (first.stages().get(s).bytes() == 0) continue;
            int sharing = LoadRows.sharing(run, first.stages().get(s), first.threads());
            rate(
                    text,
                    first.stages().get(s).name(),
                    Si.seconds(median(reports, r -> r.stages().get(stage).busy() / sharing)),
                    median(reports, r -> r.stages().get(stage).rate(sharing)),
                    "while it was busy");
        }
        line(
                text,
                "  %-24s %12s  of each reader for a place in the ring; %s of the bytes read in"
                        + " place",
                "waited",
                Si.seconds(median(reports, r -> r.waited() / r.threads())),
                Si.percent((double) first.inPlace() / Math.max(1, first.bytes())));
        line(
                text,
                "  %-24s %12s  beyond the ring, at most",
                "host memory",
                outcome.beyondRing().isPresent()
                        ? Si.binaryBytes(Math.max(0, outcome.beyondRing().getAsLong()))
                        : "unknown");
        var arrival = outcome.arrival();
        line(
                text,
                "  %-24s %12s  CRC-32C %08x of %,d bytes on the device, %08x of the files",
                "arrived",
                arrival.whole() ? "whole" : "WRONG",
                arrival.device(),
                arrival.bytes(),
                arrival.files());
        return text.toString();
    }

    private static double median(List<LoadReport> reports, ToDoubleFunction<LoadReport> of) {
        return median(reports.stream().map(of::applyAsDouble).toList());
    }

    private static double median(List<Double> values) {
        return new Measurement(List.of(values.stream().mapToDouble(v -> v).toArray())).median();
    }

    private static void rate(
            StringBuilder text, String what, String time, double rate, String note) {
        line(text, "  %-24s %12s %12s  %s", what, time, Si.rate(rate, "byte/s"), note);
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values).stripTrailing()).append('\n');
    }
}
