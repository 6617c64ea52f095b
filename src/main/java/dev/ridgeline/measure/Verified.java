package dev.ridgeline.measure;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.op.Op;

/// Proof that a kernel gave the reference's answer on a workload. Only [Verifier] can make one, and
/// [Sampler] times nothing else.
public final class Verified<O extends Op> implements Verdict<O> {
    private final Kernel<O> kernel;
    private final Workload<O> workload;
    private final Device device;
    private final Evidence evidence;

    Verified(Kernel<O> kernel, Workload<O> workload, Device device, Evidence evidence) {
        this.kernel = kernel;
        this.workload = workload;
        this.device = device;
        this.evidence = evidence;
    }

    @Override
    public Kernel<O> kernel() {
        return kernel;
    }

    public Workload<O> workload() {
        return workload;
    }

    public Device device() {
        return device;
    }

    public Evidence evidence() {
        return evidence;
    }
}
