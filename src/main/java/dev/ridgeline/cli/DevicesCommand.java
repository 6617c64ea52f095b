package dev.ridgeline.cli;

import static dev.ridgeline.report.Columns.Column.left;

import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.cuda.Cuda;
import dev.ridgeline.cuda.GpuRecord;
import dev.ridgeline.cuda.GpuState;
import dev.ridgeline.hardware.Check;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.Ceilings;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.report.Columns;
import dev.ridgeline.report.ResultFile.CeilingRecord;
import dev.ridgeline.report.ResultFile.DeviceRecord;
import dev.ridgeline.report.Si;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What is here, whether it can be trusted, and how fast it is at best.
@Command(
        name = "devices",
        description = {
            "What is here, what would disturb a measurement, and the ceilings of each device:",
            "fused multiply-adds per second and memory bandwidth. Fails if a check does."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class DevicesCommand implements Callable<Integer> {
    private record Document(
            HostRecord host,
            List<DeviceRecord> devices,
            List<GpuRecord> gpus,
            List<Check> checks,
            List<CeilingRecord> ceilings) {}

    /// Enough to see what a device can do; [Ceilings] takes its own time per round.
    private static final Protocol QUICK = new Protocol(0, 0.02, 1, 3, false, 1);

    @Spec private CommandSpec spec;
    @Mixin private DeviceOptions devices;

    @Option(names = "--no-ceilings", description = "Measures nothing.")
    private boolean unmeasured;

    @Option(names = "--json", description = "One JSON document instead of text.")
    private boolean json;

    @Override
    public Integer call() {
        var host = HostRecord.read();
        try (var sites = devices.open(host)) {
            var document =
                    new Document(
                            host,
                            sites.andSingle().stream().map(Descriptions::of).toList(),
                            Cuda.records(),
                            Stream.concat(
                                            host.checks(CpuDevice.vectorBits()).stream(),
                                            Cuda.checks().stream())
                                    .toList(),
                            unmeasured || !sites.timed() ? List.of() : ceilings(sites));
            var out = spec.commandLine().getOut();
            out.println(json ? Descriptions.json(document) : text(document, sites));
            out.flush();
            return document.checks().stream().anyMatch(c -> c.status() == Check.Status.FAIL)
                    ? Exit.ENVIRONMENT
                    : Exit.OK;
        }
    }

    private List<CeilingRecord> ceilings(Sites sites) {
        var err = spec.commandLine().getErr();
        var progress = new Progress(err, Terminal.watched());
        var ceilings = new Ceilings(sites.andSingle(), QUICK, _ -> List.of());
        ceilings.missing().forEach(reason -> err.println("ridgeline: no ceiling " + reason));
        for (int round = 0; round < QUICK.rounds(); round++) {
            progress.show("measuring the ceilings, round " + (round + 1), 0);
            ceilings.measure(round);
        }
        progress.clear();
        return ceilings.all().stream().map(Rows::of).toList();
    }

    private static String text(Document document, Sites sites) {
        return Stream.of(
                        facts(document.host(), sites),
                        gpus(document.gpus()),
                        checks(document.checks()),
                        ceilings(document.ceilings()))
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining("\n"));
    }

    private static String facts(HostRecord host, Sites sites) {
        var cpu = host.processor();
        var facts = columns(left(""), left(""));
        facts.heading(String.join("\n", Descriptions.byDevice(sites.asked())));
        facts.add(List.of("system", host.os() + ", kernel " + host.kernel()));
        facts.add(
                List.of(
                        "caches",
                        cpu.caches().entrySet().stream()
                                .map(c -> c.getKey() + " " + Si.binaryBytes(c.getValue()))
                                .collect(Collectors.joining(", "))));
        facts.add(List.of("features", String.join(" ", cpu.features())));
        return facts.render();
    }

    private static String gpus(List<GpuRecord> gpus) {
        if (gpus.isEmpty()) return "";
        var table = columns(left(""), left(""));
        table.heading("GPUs");
        for (var gpu : gpus) {
            table.add(
                    List.of(
                            gpu.name(),
                            "%s, %s%s"
                                    .formatted(
                                            gpu.description(),
                                            Si.binaryBytes(gpu.memory()),
                                            gpu.ecc() ? " with ECC" : "")));
            table.add(
                    List.of(
                            "",
                            "sm_%s, %d multiprocessors%s, L2 %s"
                                    .formatted(
                                            gpu.computeCapability().replace(".", ""),
                                            gpu.multiprocessors(),
                                            gpu.hertz()
                                                    .map(h -> " up to " + Si.scaled(h, 3, "Hz"))
                                                    .orElse(""),
                                            Si.binaryBytes(gpu.l2()))));
            table.add(List.of("", "PCI %s, %s".formatted(gpu.pci(), gpu.uuid())));
            Cuda.state(gpu).ifPresent(state -> table.add(List.of("", state(state))));
            table.add(
                    List.of(
                            "",
                            gpu.sku()
                                    .map(sku -> "in the catalog as " + sku)
                                    .orElse("not in the catalog: no MFU")));
        }
        return table.render();
    }

    private static String state(GpuState now) {
        return Stream.of(
                        now.hertz().map(h -> "now at " + Si.scaled(h, 3, "Hz")),
                        now.watts()
                                .map(
                                        w ->
                                                "%.0f W%s"
                                                        .formatted(
                                                                w,
                                                                now.wattLimit()
                                                                        .map(
                                                                                " of %.0f W"
                                                                                        ::formatted)
                                                                        .orElse(""))),
                        now.celsius().map(c -> c + " degrees C"),
                        now.pcie().map(link -> "PCIe " + link),
                        now.nvlinks().map(links -> links + " NVLinks"),
                        now.uncorrected().map(e -> e + " uncorrected memory errors"),
                        Optional.of("slowed by " + String.join(", ", now.slowed()))
                                .filter(_ -> !now.slowed().isEmpty()))
                .flatMap(Optional::stream)
                .collect(Collectors.joining(", "));
    }

    private static String checks(List<Check> checks) {
        var table = columns(left(""), left(""), left(""));
        table.heading("checks");
        for (var check : checks) {
            table.add(List.of(check.status().toString(), check.name(), check.detail()));
            check.remedy().ifPresent(remedy -> table.add(List.of("", "", "-> " + remedy)));
        }
        return table.render();
    }

    private static String ceilings(List<CeilingRecord> ceilings) {
        if (ceilings.isEmpty()) return "";
        return Listing.ceilings(ceilings, Terminal.charset());
    }

    private static Columns columns(Columns.Column... columns) {
        return new Columns(2, Terminal.charset(), List.of(columns));
    }
}
