package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Workload;

import java.util.List;

final class NormWorkloads {
    private NormWorkloads() {}

    static List<Workload<?>> probes() {
        return List.of();
    }
}
