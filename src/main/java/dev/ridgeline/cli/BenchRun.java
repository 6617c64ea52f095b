package dev.ridgeline.cli;

import dev.ridgeline.cuda.CudaDevice;
import dev.ridgeline.cuda.GpuWatch;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.Campaign;
import dev.ridgeline.measure.CampaignCase;
import dev.ridgeline.measure.CampaignResult;
import dev.ridgeline.measure.Ceilings;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Site;
import dev.ridgeline.report.Format;
import dev.ridgeline.report.Output;
import dev.ridgeline.report.ResultFile;
import dev.ridgeline.report.ResultFile.CeilingRecord;
import dev.ridgeline.report.ResultStore;
import dev.ridgeline.report.Row;
import dev.ridgeline.report.Table;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// One run of `bench`: rows measured, kept on disk as they come, and shown.
final class BenchRun implements Campaign.Listener {
    private final Protocol protocol;
    private final List<CampaignCase<?>> rows;
    private final boolean transfers;
    private final boolean quiet;
    private final Map<Format, Output> outputs;
    private final PrintWriter table;
    private final PrintWriter err;
    private final Progress progress;
    private final Optional<ResultFile> earlier;
    private final ResultStore store;
    private final Interruption interruption;
    private final List<GpuWatch> watches = new ArrayList<>();

    /// @throws Fault if `resume` holds something else
    BenchRun(
            CommandLine command,
            HostRecord host,
            Protocol protocol,
            List<CampaignCase<?>> rows,
            boolean transfers,
            OutputOptions options,
            Optional<Path> resume,
            boolean quiet) {
        this.protocol = protocol;
        this.rows = rows;
        this.transfers = transfers;
        this.quiet = quiet;
        outputs = options.open(command.getOut());
        table = options.takeStdout() ? command.getErr() : command.getOut();
        err = command.getErr();
        progress = new Progress(err, Terminal.watched() && !quiet);
        var fresh = fresh(command, host);
        earlier = resume.map(file -> Resumption.read(file, fresh, rows));
        // a stream gets the document at the end; until then it is kept in a file too
        var json = outputs.get(Format.JSON);
        var disk =
                json instanceof Output.Stdout || json == null
                        ? resume.map(file -> Output.to(file.toString(), err))
                                .orElseGet(LastRun::output)
                        : json;
        var keys = rows.stream().map(CampaignCase::key).toList();
        store = new ResultStore(disk, earlier.orElse(fresh), keys);
        interruption = new Interruption(() -> finish(false));
    }

    private ResultFile fresh(CommandLine command, HostRecord host) {
        return new ResultFile(
                ResultFile.SCHEMA,
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                List.copyOf(command.getParseResult().originalArgs()),
                Version.BUILD,
                facts(host),
                sites().map(Descriptions::of).toList(),
                protocol,
                List.of(),
                List.of(),
                false);
    }

    /// Of the host and of each GPU.
    private Map<String, Object> facts(HostRecord host) {
        var facts = new LinkedHashMap<>(Descriptions.of(host));
        gpus().forEach(gpu -> Descriptions.collect(gpu, facts));
        return facts;
    }

    private List<CudaDevice> gpus() {
        return sites().map(Site::device)
                .filter(CudaDevice.class::isInstance)
                .map(CudaDevice.class::cast)
                .distinct()
                .toList();
    }

    private Stream<Site> sites() {
        return rows.stream().<Site>map(CampaignCase::site).distinct();
    }

    /// @return the exit code
    int call() {
        try (interruption;
                store) {
            say(heading());
            gpus().forEach(gpu -> GpuWatch.of(gpu).ifPresent(watches::add));
            progress.show("proving the ceilings", 0);
            var ceilings = new Ceilings(sites().toList(), protocol, this::earlierRates);
            if (transfers) ceilings.withTransfers(sites().toList());
            ceilings.missing().forEach(reason -> err.println("ridgeline: no ceiling " + reason));
            new Campaign(protocol, rows, ceilings, this::earlierSamples, this).run();
            if (interruption.end()) finish(true);
        }
        return exit();
    }

    private String heading() {
        return "%s; %d rows in %d rounds"
                .formatted(
                        String.join("\n", Descriptions.byDevice(sites().toList())),
                        rows.size(),
                        protocol.rounds());
    }

    private List<double[]> earlierRates(String ceiling) {
        return earlier.stream()
                .flatMap(file -> file.ceilings().stream())
                .filter(c -> c.name().equals(ceiling))
                .findFirst()
                .map(CeilingRecord::samples)
                .orElse(List.of());
    }

    private List<double[]> earlierSamples(CampaignCase<?> row) {
        return earlier.flatMap(file -> file.row(row.key()))
                .filter(r -> r.status() == Row.Status.MEASURED)
                .map(Row::samples)
                .orElse(List.of());
    }

    @Override
    public void verifying(CampaignCase<?> row, int done, int total) {
        show("proving %d/%d %s", done, total, row, 0);
    }

    @Override
    public void measuringCeilings(int round) {
        progress.show("round %d/%d, ceilings".formatted(round + 1, protocol.rounds()), 0);
    }

    @Override
    public void measured(Ceilings ceilings) {
        store.put(ceilings.all().stream().map(Rows::of).toList());
    }

    @Override
    public void measuring(CampaignCase<?> row, int round, int done, int total) {
        watches.forEach(watch -> watch.during(Optional.of(row.key())));
        show(
                "round %d/%d, %%d/%%d %%s".formatted(round + 1, protocol.rounds()),
                done,
                total,
                row,
                round + 1);
    }

    private void show(String format, int done, int total, CampaignCase<?> row, int passes) {
        if (interruption.ended()) return;
        double share = (passes + (double) done / total) / (protocol.rounds() + 1);
        progress.show(
                format.formatted(done + 1, total, row.workload().name() + ", " + row.kernel().id()),
                share);
    }

    @Override
    public void changed(CampaignResult result) {
        watches.forEach(watch -> watch.during(Optional.empty()));
        store.put(Rows.of(result, protocol));
    }

    private void finish(boolean complete) {
        progress.clear();
        for (var watch : watches) {
            store.put(watch.facts());
            watch.close();
        }
        if (complete) store.complete();
        store.close();
        var file = store.file();
        outputs.forEach(
                (format, output) -> {
                    if (format != Format.JSON || output instanceof Output.Stdout)
                        output.write(format.of(file));
                });
        if (!file.rows().isEmpty())
            say("\n" + Table.of(file, Terminal.width(), Terminal.charset()).stripTrailing());
        if (transfers && !file.ceilings().isEmpty())
            say("\n" + Listing.ceilings(file.ceilings(), Terminal.charset()).stripTrailing());
        if (!complete)
            say("interrupted: %d of %d rows have samples".formatted(count(file), rows.size()));
    }

    private static long count(ResultFile file) {
        return file.rows().stream().filter(r -> !r.samples().isEmpty()).count();
    }

    private void say(String text) {
        if (quiet) return;
        table.println(text);
        table.flush();
    }

    private int exit() {
        var found = store.file().rows().stream().map(Row::status).toList();
        if (found.contains(Row.Status.WRONG)) return Exit.WRONG;
        if (found.contains(Row.Status.FAILED)) return Exit.ENVIRONMENT;
        return Exit.OK;
    }
}
