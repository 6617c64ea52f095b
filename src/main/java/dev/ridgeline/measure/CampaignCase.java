package dev.ridgeline.measure;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.op.Op;

import java.util.Locale;
import java.util.Optional;

/// One row to be measured: this kernel on this workload at this site.
public record CampaignCase<O extends Op>(Workload<O> workload, Kernel<O> kernel, Site site) {
    /// Identifies the row within and between files: `gemm nt m=512 n=512 k=512 f32,
    /// gemm/cpu_blocked, cpu, 2 threads`, or `..., gemm/portable_mma, cuda:0`.
    public String key() {
        var device = site.device();
        var where =
                device.multiprocessors().isPresent()
                        ? device.name()
                        : device.name() + ", " + site.count();
        return "%s, %s, %s".formatted(workload.name(), kernel.id(), where);
    }

    /// Bytes of device memory that proving and timing it takes at once: the operands, and those of
    /// a second kernel where the result is too large for the scalar reference.
    public long bytes() {
        var op = workload.planned();
        boolean compared =
                op.sample(workload.seed()).isPresent()
                        && site.device().kernels(workload.type()).size() > 1;
        return workload.bytes() * (compared ? 2 : 1);
    }

    /// Why this cannot run, whatever else is done: it needs more memory than the device has.
    public Optional<String> tooLarge() {
        long capacity = site.device().capacity();
        return bytes() <= capacity
                ? Optional.empty()
                : Optional.of(
                        String.format(
                                Locale.ROOT,
                                "%s needs %,d bytes to be proven and measured, and %s has %,d",
                                workload.name(),
                                bytes(),
                                site.device().name(),
                                capacity));
    }
}
