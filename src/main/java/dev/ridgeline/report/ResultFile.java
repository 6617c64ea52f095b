package dev.ridgeline.report;

import dev.ridgeline.measure.Protocol;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One run's document. `schema/result-1.schema.json` is its published form.
///
/// @param schema [#SCHEMA]
/// @param created ISO 8601 instant the run began
/// @param argv the command line
/// @param host what the machine says of itself, for display: name to text, number or boolean
/// @param rows no two have the same key
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

    public ResultFile {
        if (rows.stream().map(Row::key).distinct().count() < rows.size())
            throw new IllegalArgumentException("two rows have the same key");
        for (var value : host.values()) if (value instanceof Double d) Finite.check("host", d);
    }

    /// @param dirty whether the checkout had uncommitted changes when it was built
    public record Build(String version, String commit, boolean dirty) {}

    public record DeviceRecord(
            String name,
            String description,
            int threads,
            long capacityBytes,
            Optional<Integer> vectorBits) {}

    /// A measured limit: `fma f32, 1 thread` in flop/s, `stream triad, 2 threads` in byte/s.
    ///
    /// @param threads the device's threads it was measured with: the rows it is a roof for
    /// @param samples rates, one list per round
    public record CeilingRecord(
            String name,
            String device,
            int threads,
            double value,
            double low,
            double high,
            String unit,
            List<double[]> samples) {
        public CeilingRecord {
            Finite.interval("a ceiling", low, value, high);
            samples.forEach(s -> Finite.check("a ceiling's samples", s));
        }

        /// Half the interval's width as a share of the value.
        public double noise() {
            return (high - low) / 2 / value;
        }
    }

    /// With `row` in the place of the row of the same key, or else at the end.
    public ResultFile with(Row row) {
        var changed = new ArrayList<>(rows);
        int at = rows.stream().map(Row::key).toList().indexOf(row.key());
        if (at < 0) changed.add(row);
        else changed.set(at, row);
        return with(ceilings, changed, complete);
    }

    /// With its rows in the order of `keys`; those of other keys come last.
    public ResultFile ordered(List<String> keys) {
        var sorted = new ArrayList<>(rows);
        sorted.sort(
                Comparator.comparingInt(
                        r -> keys.contains(r.key()) ? keys.indexOf(r.key()) : keys.size()));
        return with(ceilings, sorted, complete);
    }

    /// With more facts about the machine.
    public ResultFile with(Map<String, Object> facts) {
        var all = new LinkedHashMap<>(host);
        all.putAll(facts);
        return new ResultFile(
                schema, created, argv, ridgeline, all, devices, protocol, ceilings, rows, complete);
    }

    /// The same run, ended as it should.
    public ResultFile completed() {
        return with(ceilings, rows, true);
    }

    /// With these ceilings and no others.
    public ResultFile with(List<CeilingRecord> measured) {
        return with(measured, rows, complete);
    }

    private ResultFile with(List<CeilingRecord> measured, List<Row> changed, boolean ended) {
        return new ResultFile(
                schema, created, argv, ridgeline, host, devices, protocol, measured, changed,
                ended);
    }

    public Optional<Row> row(String key) {
        return rows.stream().filter(r -> r.key().equals(key)).findFirst();
    }
}
