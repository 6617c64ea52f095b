package dev.ridgeline.cuda;

import jcuda.driver.CUgraph;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/// The driver's calls about events and graphs: what was done when, and what is to be done again.
final class DriverRecords {
    private final Driver driver;

    DriverRecords(Driver driver) {
        this.driver = driver;
    }

    /// What this thread enqueues on `queue` from here on is recorded and not run.
    void beginCapture(Driver.Queue queue) {
        driver.enter();
        driver.check(
                JCudaDriver.cuStreamBeginCapture(
                        queue, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                "beginning to record a graph");
    }

    /// @param launches for the sentence of an error
    Driver.Graph endCapture(Driver.Queue queue, int launches) {
        driver.enter();
        var recorded = new CUgraph();
        driver.check(
                JCudaDriver.cuStreamEndCapture(queue, recorded),
                "recording a graph of %d launches",
                launches);
        var graph = new Driver.Graph();
        int code = JCudaDriver.cuGraphInstantiate(graph, recorded, 0);
        JCudaDriver.cuGraphDestroy(recorded);
        driver.check(code, "making a graph of %d launches ready", launches);
        return graph;
    }

    /// Ends a recording that failed; what was recorded is dropped.
    void abandonCapture(Driver.Queue queue) {
        if (driver.failure().isPresent()) return;
        var recorded = new CUgraph();
        if (JCudaDriver.cuStreamEndCapture(queue, recorded) == 0)
            JCudaDriver.cuGraphDestroy(recorded);
    }

    void destroy(Driver.Graph graph) {
        if (driver.failure().isPresent()) return;
        driver.enter();
        driver.check(JCudaDriver.cuGraphExecDestroy(graph), "dropping a graph");
    }

    Driver.Event event() {
        driver.enter();
        var event = new Driver.Event();
        driver.check(JCudaDriver.cuEventCreate(event, 0), "creating an event");
        return event;
    }

    void destroy(Driver.Event event) {
        if (driver.failure().isPresent()) return;
        driver.enter();
        driver.check(JCudaDriver.cuEventDestroy(event), "ending an event");
    }

    void record(Driver.Event event, Driver.Queue queue) {
        driver.enter();
        driver.check(JCudaDriver.cuEventRecord(event, queue), "recording an event");
    }

    /// Seconds between two recorded events; waits for the later one. The clock's resolution is half
    /// a microsecond.
    double seconds(Driver.Event from, Driver.Event to) {
        driver.enter();
        float[] milliseconds = new float[1];
        driver.await(() -> JCudaDriver.cuEventQuery(to), "waiting for an event");
        driver.check(
                JCudaDriver.cuEventElapsedTime(milliseconds, from, to),
                "reading the time between two events");
        return milliseconds[0] * 1e-3;
    }
}
