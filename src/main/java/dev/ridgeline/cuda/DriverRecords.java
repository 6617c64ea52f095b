package dev.ridgeline.cuda;

import jcuda.driver.CUevent;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/// The driver's calls about events and graphs: what was done when, and what is to be done again.
final class DriverRecords {
    static final class Event extends CUevent {}

    /// A graph that can be launched.
    static final class Graph extends CUgraphExec {
        long address() {
            return getNativePointer();
        }
    }

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
    Graph endCapture(Driver.Queue queue, int launches) {
        driver.enter();
        var recorded = new CUgraph();
        driver.check(
                JCudaDriver.cuStreamEndCapture(queue, recorded),
                "recording a graph of %d launches",
                launches);
        var graph = new Graph();
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

    void destroy(Graph graph) {
        if (driver.failure().isPresent()) return;
        driver.enter();
        driver.check(JCudaDriver.cuGraphExecDestroy(graph), "dropping a graph");
    }

    Event event() {
        driver.enter();
        var event = new Event();
        driver.check(JCudaDriver.cuEventCreate(event, 0), "creating an event");
        return event;
    }

    void destroy(Event event) {
        if (driver.failure().isPresent()) return;
        driver.enter();
        driver.check(JCudaDriver.cuEventDestroy(event), "ending an event");
    }

    void record(Event event, Driver.Queue queue) {
        driver.enter();
        driver.check(JCudaDriver.cuEventRecord(event, queue), "recording an event");
    }

    /// Lets what `queue` takes from here on begin when the event has been passed.
    void await(Event event, Driver.Queue queue) {
        driver.enter();
        driver.check(JCudaDriver.cuStreamWaitEvent(queue, event, 0), "waiting for another stream");
    }

    /// Seconds between two recorded events; waits for both. The clock's resolution is half a
    /// microsecond.
    double seconds(Event from, Event to) {
        driver.enter();
        float[] milliseconds = new float[1];
        driver.await(() -> JCudaDriver.cuEventQuery(from), "waiting for an event");
        driver.await(() -> JCudaDriver.cuEventQuery(to), "waiting for an event");
        driver.check(
                JCudaDriver.cuEventElapsedTime(milliseconds, from, to),
                "reading the time between two events");
        return milliseconds[0] * 1e-3;
    }
}
