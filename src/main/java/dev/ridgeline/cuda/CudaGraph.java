package dev.ridgeline.cuda;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;

import java.util.List;

/// Launches recorded as one CUDA graph, which the device replays without asking the host in
/// between.
final class CudaGraph implements Launch {
    private final CudaDevice device;
    private final List<Launch> launches;
    private final DriverRecords.Graph graph;
    private final LaunchStep[] step;

    /// Records the launches; none of them runs.
    CudaGraph(CudaDevice device, List<Launch> launches) {
        this.device = device;
        this.launches = List.copyOf(launches);
        graph = record();
        step = new LaunchStep[] {new LaunchStep.Graph(graph.address(), launches.size())};
    }

    private DriverRecords.Graph record() {
        var driver = device.driver();
        try (var recorder = new CudaStream(driver)) {
            driver.records().beginCapture(recorder.queue());
            try {
                for (var launch : launches) launch.on(recorder);
            } catch (RuntimeException e) {
                driver.records().abandonCapture(recorder.queue());
                throw e;
            }
            return driver.records().endCapture(recorder.queue(), launches.size());
        }
    }

    @Override
    public void on(Stream stream) {
        device.own(stream).enqueue(step);
    }

    @Override
    public void close() {
        device.driver().records().destroy(graph);
        launches.forEach(Launch::close);
    }
}
