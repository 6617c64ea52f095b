package dev.ridgeline.report;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;

import dev.ridgeline.report.ResultFile.DeviceRecord;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The devices of a file, for people. A device that was measured with several thread counts has a
/// record for each.
final class Devices {
    private Devices() {}

    static Map<String, List<DeviceRecord>> byName(ResultFile file) {
        return file.devices().stream()
                .collect(groupingBy(DeviceRecord::name, LinkedHashMap::new, Collectors.toList()));
    }

    /// `1 and 2 threads`.
    static String threads(List<DeviceRecord> records) {
        var counts = records.stream().map(DeviceRecord::threads).distinct().sorted().toList();
        return counts.size() == 1
                ? Si.count(counts.getFirst(), "thread")
                : counts.stream().map(String::valueOf).collect(joining(" and ")) + " threads";
    }

    /// Description and vector width: what makes two devices of the same name the same.
    static String model(DeviceRecord record) {
        return record.description()
                + record.vectorBits().map(bits -> ", " + bits + "-bit vectors").orElse("");
    }
}
