package dev.ridgeline.cli;

import dev.ridgeline.measure.CampaignCase;
import dev.ridgeline.measure.Protocol;
import dev.ridgeline.report.ResultFile;
import dev.ridgeline.report.ResultStore;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What an earlier run left, if this run can go on with it.
final class Resumption {
    private static final Map<String, Function<Protocol, Object>> FLAGS = flags();

    private Resumption() {}

    private static Map<String, Function<Protocol, Object>> flags() {
        var flags = new LinkedHashMap<String, Function<Protocol, Object>>();
        flags.put("--warmup-seconds", Protocol::warmupSeconds);
        flags.put("--max-noise", Protocol::maxNoise);
        flags.put("--max-seconds", Protocol::maxSeconds);
        flags.put("--rounds", Protocol::rounds);
        flags.put("--cache", p -> p.cold() ? "cold" : "hot");
        flags.put("--seed", Protocol::seed);
        return flags;
    }

    /// @param now this run, before its first row
    /// @throws Fault if the file is of another device, protocol or command
    static ResultFile read(Path path, ResultFile now, List<CampaignCase<?>> rows) {
        var file = ResultStore.read(path);
        var before = devices(file);
        var here = devices(now);
        if (!before.equals(here))
            throw Fault.usage(
                    "cannot resume %s: it was measured on %s, and this is %s", path, before, here);
        var other =
                FLAGS.entrySet().stream()
                        .filter(
                                f ->
                                        !f.getValue()
                                                .apply(file.protocol())
                                                .equals(f.getValue().apply(now.protocol())))
                        .map(f -> f.getKey() + " " + f.getValue().apply(file.protocol()))
                        .collect(Collectors.joining(" "));
        if (!other.isEmpty())
            throw Fault.usage("cannot resume %s: it was measured with %s", path, other);
        var keys = rows.stream().map(CampaignCase::key).collect(Collectors.toSet());
        if (!file.rows().stream().allMatch(r -> keys.contains(r.key())))
            throw Fault.usage(
                    "cannot resume %s: it holds rows of another command, ridgeline %s",
                    path, String.join(" ", file.argv()));
        return new ResultFile(
                file.schema(),
                file.created(),
                file.argv(),
                file.ridgeline(),
                file.host(),
                file.devices(),
                file.protocol(),
                file.ceilings(),
                file.rows(),
                false);
    }

    private static String devices(ResultFile file) {
        return file.devices().stream()
                .map(
                        d ->
                                "%s (%s, %d thread%s%s)"
                                        .formatted(
                                                d.name(),
                                                d.description(),
                                                d.threads(),
                                                d.threads() == 1 ? "" : "s",
                                                d.vectorBits()
                                                        .map(b -> ", " + b + "-bit vectors")
                                                        .orElse("")))
                .sorted()
                .collect(Collectors.joining(" and "));
    }
}
