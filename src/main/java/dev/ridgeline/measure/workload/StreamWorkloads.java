package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Workload;

import java.util.List;

final class StreamWorkloads {
    private StreamWorkloads() {}

    static List<Workload<?>> probes() {
        return List.of();
    }
}
