package dev.ridgeline.report;

import static java.util.stream.Collectors.joining;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/// OpenMetrics 1.0 text, for a collector that keeps results over time.
final class OpenMetrics {
    private OpenMetrics() {}

    static String of(ResultFile file) {
        return gauge(
                        file,
                        "ridgeline_launch_seconds",
                        "seconds",
                        "Median time of a launch.",
                        r -> r.seconds().map(Row.Seconds::median))
                + gauge(
                        file,
                        "ridgeline_launch_noise_ratio",
                        "ratio",
                        "Half the 95 % interval of the median, as a share of it.",
                        r -> r.seconds().map(Row.Seconds::noise))
                + gauge(
                        file,
                        "ridgeline_ceiling_share_ratio",
                        "ratio",
                        "Rate as a share of the ceiling measured on the device.",
                        r -> r.share().map(Row.Share::value))
                + "# EOF\n";
    }

    private static String gauge(
            ResultFile file,
            String name,
            String unit,
            String help,
            Function<Row, Optional<Double>> value) {
        return file.rows().stream()
                .flatMap(
                        row ->
                                value
                                        .apply(row)
                                        .map(v -> name + labels(row) + " " + v + "\n")
                                        .stream())
                .collect(
                        joining(
                                "",
                                "# TYPE %1$s gauge\n# UNIT %1$s %2$s\n# HELP %1$s %3$s\n"
                                        .formatted(name, unit, help),
                                ""));
    }

    private static String labels(Row row) {
        var labels =
                Map.of(
                        "op", row.op(),
                        "workload", row.workload(),
                        "dtype", row.dtype(),
                        "kernel", row.kernel(),
                        "device", row.device(),
                        "threads", String.valueOf(row.threads()));
        return new TreeMap<>(labels)
                .entrySet().stream()
                        .map(e -> e.getKey() + "=\"" + escaped(e.getValue()) + '"')
                        .collect(joining(",", "{", "}"));
    }

    private static String escaped(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
