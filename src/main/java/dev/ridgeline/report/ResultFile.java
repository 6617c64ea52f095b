package dev.ridgeline.report;

import dev.ridgeline.measure.Protocol;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One run's document. `schema/result-1.schema.json` is its published form.
///
/// @param schema [#SCHEMA]
/// @param created ISO 8601 instant the run began
/// @param argv the command line
/// @param host what the machine says of itself
/// @param complete false while the run goes on, and for good if it was interrupted
public record ResultFile(
        String schema,
        String created,
        List<String> argv,
        Build ridgeline,
        Map<String, Object> host,
        List<DeviceRecord> devices,
        Protocol protocol,
        List<CeilingRecord> ceilings,
        List<Row> rows,
        boolean complete) {
    public static final String SCHEMA = "ridgeline-result-1";

    /// @param dirty whether the checkout had uncommitted changes when it was built
    public record Build(String version, String commit, boolean dirty) {}

    public record DeviceRecord(
            String name,
            String description,
            int threads,
            long capacityBytes,
            Optional<Integer> vectorBits) {}

    /// A measured limit: `fma f32, 1 thread` in flop/s, `stream triad, 2 threads` in byte/s.
    public record CeilingRecord(
            String name,
            double value,
            double low,
            double high,
            String unit,
            List<double[]> samples) {}
}
