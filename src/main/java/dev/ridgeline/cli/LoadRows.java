package dev.ridgeline.cli;

import dev.ridgeline.cli.LoadRun.Outcome;
import dev.ridgeline.load.LoadReport;
import dev.ridgeline.measure.Measurement;
import dev.ridgeline.report.ResultFile.CeilingRecord;
import dev.ridgeline.report.Row;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/// A load as rows of a result: one for the whole, whose share is of the slowest of what limits it,
/// and one for each stage.
final class LoadRows {
    private LoadRows() {}

    static List<Row> rows(LoadRun run, Outcome outcome) {
        var rows = new ArrayList<Row>();
        var reports = outcome.reports();
        double bytes = reports.getFirst().bytes();
        rows.add(
                row(
                        run,
                        outcome,
                        "load",
                        bytes,
                        reports.stream().map(r -> new double[] {r.seconds()}).toList(),
                        Optional.of(share(outcome))));
        int threads = reports.getFirst().threads();
        for (int s = 0; s < reports.getFirst().stages().size(); s++) {
            int stage = s;
            var first = reports.getFirst().stages().get(s);
            int sharing = sharing(run, first, threads);
            if (first.bytes() == 0) continue;
            rows.add(
                    row(
                            run,
                            outcome,
                            "load_" + first.name(),
                            first.bytes(),
                            reports.stream()
                                    .map(r -> new double[] {r.stages().get(stage).busy() / sharing})
                                    .toList(),
                            Optional.empty()));
        }
        return rows;
    }

    /// Threads that a stage's busy seconds are spread over.
    static int sharing(LoadRun run, LoadReport.Stage stage, int threads) {
        return stage.name().equals("gather") ? run.targets() : threads;
    }

    /// Median over rounds of the rate over the slowest limit's of the same round.
    static Row.Share share(Outcome outcome) {
        double[] shares =
                IntStream.range(0, outcome.reports().size())
                        .mapToDouble(
                                i ->
                                        outcome.reports().get(i).rate()
                                                / outcome.slowest(i).getValue())
                        .sorted()
                        .toArray();
        double median = new Measurement(List.of(shares)).median();
        return new Row.Share(outcome.slowest(0).getKey(), median);
    }

    private static Row row(
            LoadRun run,
            Outcome outcome,
            String op,
            double bytes,
            List<double[]> samples,
            Optional<Row.Share> share) {
        var site = run.sites().getFirst();
        var options = run.options();
        var shape = new LinkedHashMap<String, Integer>();
        shape.put("readers", options.readers());
        shape.put("block_kib", (int) (options.blockBytes() >> 10));
        shape.put("places", options.places());
        shape.put("ranks", run.targets());
        var variant =
                outcome.state()
                        + " "
                        + options.access().name().toLowerCase(Locale.ROOT)
                        + (run.plan().casts() ? " cast" : "");
        var key =
                "%s %s readers=%d block=%d places=%d ranks=%d bytes=%.0f, load, %s"
                        .formatted(
                                op,
                                variant,
                                options.readers(),
                                options.blockBytes(),
                                options.places(),
                                run.targets(),
                                bytes,
                                site);
        var arrival = outcome.arrival();
        boolean whole = arrival.whole();
        Optional<Measurement> time =
                whole ? Optional.of(new Measurement(samples)) : Optional.empty();
        return new Row(
                key,
                op,
                variant,
                Collections.unmodifiableMap(shape),
                "bytes",
                op + (outcome.reports().getFirst().inPlace() > 0 ? "/in_place" : "/ring"),
                site.device().name(),
                options.readers(),
                whole ? Row.Status.MEASURED : Row.Status.WRONG,
                whole
                        ? Optional.empty()
                        : Optional.of(
                                "CRC-32C of the device's memory is %08x, of the files %08x"
                                        .formatted(arrival.device(), arrival.files())),
                whole
                        ? Optional.of(
                                new Row.Proof(
                                        "CRC-32C of what arrived against the files",
                                        arrival.bytes(),
                                        0))
                        : Optional.empty(),
                0,
                bytes,
                memory(run, outcome),
                time.map(t -> Row.Seconds.of(t, run.protocol().maxNoise())),
                time.map(t -> Row.Rate.of(bytes, t, "byte/s")),
                whole ? share : Optional.empty(),
                Optional.of(outcome.state().equals("warm") ? "hot" : "cold"),
                whole ? samples : List.of());
    }

    private static String memory(LoadRun run, Outcome outcome) {
        return "bytes of the files once; host memory: a ring of %,d bytes%s"
                .formatted(
                        run.ringBytes(),
                        outcome.beyondRing().isPresent()
                                ? " and at most %,d more"
                                        .formatted(Math.max(0, outcome.beyondRing().getAsLong()))
                                : "");
    }

    static List<CeilingRecord> ceilings(LoadRun run, Outcome outcome) {
        var site = run.sites().getFirst();
        return outcome.limits().entrySet().stream()
                .map(
                        limit -> {
                            var rounds =
                                    limit.getValue().stream().map(r -> new double[] {r}).toList();
                            var rates = new Measurement(rounds);
                            return new CeilingRecord(
                                    "%s, %s".formatted(limit.getKey(), outcome.state()),
                                    site.device().name(),
                                    run.options().readers(),
                                    rates.median(),
                                    rates.low(),
                                    rates.high(),
                                    "byte/s",
                                    rounds);
                        })
                .toList();
    }
}
