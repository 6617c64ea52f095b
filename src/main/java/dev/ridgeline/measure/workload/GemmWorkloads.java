package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Workload;

import java.util.List;

final class GemmWorkloads {
    private GemmWorkloads() {}

    static List<Workload<?>> probes() {
        return List.of();
    }
}
