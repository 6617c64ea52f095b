package dev.ridgeline.cli;

import static dev.ridgeline.report.Columns.Column.left;
import static dev.ridgeline.report.Columns.Column.right;

import dev.ridgeline.device.DeviceFailure;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.measure.Refused;
import dev.ridgeline.measure.Site;
import dev.ridgeline.measure.Verdict;
import dev.ridgeline.measure.Verified;
import dev.ridgeline.measure.Verifier;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.Wrong;
import dev.ridgeline.measure.workload.Probes;
import dev.ridgeline.op.Op;
import dev.ridgeline.report.Columns;
import dev.ridgeline.report.Si;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/// Every kernel against its reference; no timing.
@Command(
        name = "verify",
        description = {
            "Whether every kernel of this device is right: each on its probes, small problems with",
            "awkward sizes, element by element against a scalar reference in f64."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class VerifyCommand implements Callable<Integer> {
    /// What the probes said of one kernel.
    private static final class Finding {
        int passed;
        double worst;
        final Map<String, Integer> refusals = new LinkedHashMap<>();
        final List<String> wrong = new ArrayList<>();

        <O extends Op> void add(Workload<O> probe, Verdict<O> verdict) {
            switch (verdict) {
                case Verified<O> v -> {
                    passed++;
                    worst = Math.max(worst, v.evidence().worst());
                }
                case Refused<O> r -> refusals.merge(r.reason(), 1, Integer::sum);
                case Wrong<O> w -> wrong.add("on %s, %s".formatted(probe.name(), w.message()));
            }
        }

        int refused() {
            return refusals.values().stream().mapToInt(n -> n).sum();
        }

        List<String> cells(KernelId id) {
            return List.of(
                    id.toString(),
                    String.valueOf(passed),
                    refusals.isEmpty() ? "" : String.valueOf(refused()),
                    passed == 0 ? "" : Si.percent(worst),
                    wrong.isEmpty() ? "" : wrong.size() + " WRONG");
        }
    }

    @Spec private CommandSpec spec;
    @Mixin private DeviceOptions devices;

    @Option(
            names = "--op",
            split = ",",
            paramLabel = "OP",
            converter = OpConverter.class,
            description = "Only these: gemm, rms_norm, ...")
    private List<Class<? extends Op>> ops = List.of();

    @Option(
            names = "--kernel",
            paramLabel = "PART",
            description = "Only kernels with this in their name.")
    private Optional<String> kernel;

    @Option(
            names = {"-v", "--verbose"},
            description = "Shows which probes a kernel refuses, and why.")
    private boolean verbose;

    @Option(
            names = {"-q", "--quiet"},
            description = "Shows only what is wrong.")
    private boolean quiet;

    @Override
    public Integer call() {
        var probes =
                Probes.all().stream().filter(w -> ops.isEmpty() || ops.contains(w.type())).toList();
        try (var sites = devices.open(HostRecord.read())) {
            int wrong = 0;
            for (var site : sites.asked()) wrong += verify(site, probes);
            return wrong == 0 ? Exit.OK : Exit.WRONG;
        }
    }

    private int verify(Site site, List<Workload<?>> probes) {
        var findings = new LinkedHashMap<KernelId, Finding>();
        var progress = new Progress(spec.commandLine().getErr(), Terminal.watched() && !quiet);
        int done = 0;
        for (var probe : probes) {
            progress.show(
                    "proving on %d/%d %s".formatted(done + 1, probes.size(), probe.name()),
                    (double) done++ / probes.size());
            try {
                check(probe, site, findings);
            } catch (DeviceFailure e) {
                // what was found before it is worth as much
                progress.clear();
                show(site, findings);
                throw e;
            }
        }
        progress.clear();
        if (findings.isEmpty())
            throw kernel.isPresent()
                    ? Fault.usage("no kernel here has '%s' in its name", kernel.get())
                    : Fault.environment("this device has no kernel for that");
        return show(site, findings);
    }

    private <O extends Op> void check(
            Workload<O> probe, Site site, Map<KernelId, Finding> findings) {
        for (var candidate : site.device().kernels(probe.type())) {
            if (kernel.isPresent() && !candidate.id().toString().contains(kernel.get())) continue;
            var finding = findings.computeIfAbsent(candidate.id(), _ -> new Finding());
            try {
                finding.add(probe, Verifier.check(candidate, probe, site.device()));
            } catch (DeviceFailure e) {
                finding.wrong.add("%s failed on %s".formatted(candidate.id(), probe.name()));
                throw e;
            } catch (RuntimeException e) {
                finding.wrong.add("%s failed on %s: %s".formatted(candidate.id(), probe.name(), e));
            }
        }
    }

    /// @return how many checks failed
    private int show(Site site, Map<KernelId, Finding> findings) {
        var out = spec.commandLine().getOut();
        var table =
                new Columns(
                        2,
                        Terminal.charset(),
                        List.of(
                                left("kernel"),
                                right("passed"),
                                right("refused"),
                                right("worst error, share of tolerance"),
                                left("")));
        findings.forEach((id, finding) -> table.add(finding.cells(id)));
        int passed = findings.values().stream().mapToInt(f -> f.passed).sum();
        int wrong = findings.values().stream().mapToInt(f -> f.wrong.size()).sum();
        if (!quiet) {
            out.printf(
                    "%s: %s%n%s",
                    site.device().name(), Descriptions.text(List.of(site)), table.render());
            if (verbose)
                findings.forEach(
                        (id, f) ->
                                f.refusals.forEach(
                                        (reason, n) ->
                                                out.printf(
                                                        "%s refuses %d of them: %s%n",
                                                        id, n, reason)));
            out.printf(
                    "%d kernels, %d checks passed, %s%n",
                    findings.size(), passed, wrong == 0 ? "none failed" : wrong + " failed");
        }
        findings.values().forEach(f -> f.wrong.forEach(out::println));
        out.flush();
        return wrong;
    }
}
