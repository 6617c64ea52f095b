package dev.ridgeline.cli;

import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.CampaignCase;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.workload.Suites;
import dev.ridgeline.op.Op;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/// Proves kernels, and then times them beside the ceilings of the device.
@Command(
        name = "bench",
        description = {
            "How fast each kernel is, and how far from the limit of this device.",
            "Without an area it runs a suite of about two minutes."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        subcommands = {
            BenchGemm.class,
            BenchAttention.class,
            BenchNorm.class,
            BenchElementwise.class,
            BenchOptimizer.class,
            BenchMemory.class,
            BenchStep.class,
            BenchCapacity.class,
            BenchLoad.class
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ridgeline bench --threads 1 --json one.json",
            "  ridgeline bench gemm --m 256 --k 768 --n 1024:8192:1024 --form nt,nn,tn",
            "  ridgeline bench attention --heads 32 --kv-heads 8 --seq 2048 --head-dim 128"
        })
final class Bench implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private DeviceOptions devices;
    @Mixin private ProtocolOptions protocols;
    @Mixin private OutputOptions outputs;

    @Option(
            names = "--op",
            scope = ScopeType.INHERIT,
            split = ",",
            paramLabel = "OP",
            converter = OpConverter.class,
            description = "Only these: gemm, rms_norm, ...")
    private List<Class<? extends Op>> ops = List.of();

    @Option(
            names = "--kernel",
            scope = ScopeType.INHERIT,
            paramLabel = "PART",
            description = "Kernels with this in their name, instead of the preferred one.")
    private Optional<String> kernel;

    @Option(
            names = "--ladder",
            scope = ScopeType.INHERIT,
            description = "All kernels of each op, and not only the preferred one.")
    private boolean ladder;

    @Option(
            names = "--peers",
            scope = ScopeType.INHERIT,
            description =
                    "Beside ours, other libraries' kernels that this device can run (cuBLASLt).")
    private boolean peers;

    @Option(
            names = "--list",
            scope = ScopeType.INHERIT,
            description = "Names the rows, and measures nothing.")
    private boolean list;

    @Option(
            names = "--dry-run",
            scope = ScopeType.INHERIT,
            description = "Shows the rows with their memory and work, and measures nothing.")
    private boolean dryRun;

    @Option(
            names = "--resume",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE",
            description = "Goes on with what the same command left in this file.")
    private Optional<Path> resume;

    @Option(
            names = {"-q", "--quiet"},
            scope = ScopeType.INHERIT,
            description = "No table and no progress.")
    private boolean quiet;

    @Override
    public Integer call() {
        return run(true, false, Suites.standard(seed()));
    }

    long seed() {
        return protocols.protocol(Protocol.CPU).seed();
    }

    /// Opens the devices that were asked for.
    Sites open(HostRecord host) {
        return devices.open(host);
    }

    /// The same, with so many of the CPU's cores left for others where there are more.
    Sites open(HostRecord host, int spared) {
        return devices.open(host, spared);
    }

    Protocol protocol() {
        return protocols.protocol(Protocol.CPU);
    }

    OutputOptions outputs() {
        return outputs;
    }

    boolean dryRun() {
        return dryRun;
    }

    boolean quiet() {
        return quiet;
    }

    /// Runs an area.
    int run(List<Workload<?>> workloads) {
        return run(false, false, entries(workloads));
    }

    /// Runs an area, and times the transfers of its devices as further ceilings.
    int runWithTransfers(List<Workload<?>> workloads) {
        return run(false, true, entries(workloads));
    }

    private static List<Suites.Entry> entries(List<Workload<?>> workloads) {
        return workloads.stream().map(w -> new Suites.Entry(w, false)).toList();
    }

    private int run(boolean suite, boolean transfers, List<Suites.Entry> entries) {
        var host = HostRecord.read();
        try (var sites = devices.open(host)) {
            var rows = plan(entries, sites);
            if (list) return print(Listing.names(rows));
            if (dryRun) return print(Listing.needs(rows, Terminal.charset()));
            sites.requireTimed();
            var usual = sites.gpus() ? Protocol.GPU : Protocol.CPU;
            var protocol = protocols.protocol(suite ? usual.hurried() : usual);
            return new BenchRun(
                            spec.commandLine(),
                            host,
                            protocol,
                            rows,
                            transfers,
                            outputs,
                            resume,
                            quiet)
                    .call();
        }
    }

    private List<CampaignCase<?>> plan(List<Suites.Entry> entries, Sites sites) {
        var plan = new Plan(kernel, ladder, peers);
        for (var entry : entries)
            if (ops.isEmpty() || ops.contains(entry.workload().type()))
                for (var site : entry.single() ? sites.andSingle() : sites.asked())
                    plan.add(entry.workload(), site);
        var err = spec.commandLine().getErr();
        plan.absent().forEach(op -> err.println("ridgeline: this device has no kernel of " + op));
        return plan.rows();
    }

    /// Shows text unless it is to be quiet.
    void say(String text) {
        if (!quiet) print(text);
    }

    /// Shows text, beside the standard output where that belongs to a result.
    int print(String text) {
        var command = spec.commandLine();
        var out = outputs.takeStdout() ? command.getErr() : command.getOut();
        out.print(text);
        out.flush();
        return Exit.OK;
    }
}
