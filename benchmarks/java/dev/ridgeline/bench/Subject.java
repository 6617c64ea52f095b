package dev.ridgeline.bench;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.Launch;
import dev.ridgeline.measure.Refused;
import dev.ridgeline.measure.Verified;
import dev.ridgeline.measure.Verifier;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.Wrong;
import dev.ridgeline.op.Cost;
import dev.ridgeline.op.Op;

import java.util.List;
import java.util.Optional;

/// A verified kernel, bound to operands of its problem: what a benchmark times.
public final class Subject implements AutoCloseable {
    /// Takes the first kernel that accepts the problem.
    public static final String PREFERRED = "preferred";

    private final Device device;
    private final String name;
    private final Workload.Instance<?> instance;
    private final Launch launch;

    private Subject(Device device, String name, Workload.Instance<?> instance, Launch launch) {
        this.device = device;
        this.name = name;
        this.instance = instance;
        this.launch = launch;
    }

    /// @param kernel `cpu_blocked`, an id without its op, or [#PREFERRED]
    /// @param kernels to choose from
    /// @throws IllegalStateException if there is no such kernel, or it refuses, or it is wrong
    public static <O extends Op> Subject of(
            String kernel, List<Kernel<O>> kernels, Workload<O> workload, Device device) {
        var chosen =
                choose(kernel, kernels, workload)
                        .orElseThrow(() -> missing(kernel, kernels, workload));
        switch (Verifier.check(chosen, workload, device)) {
            case Verified<O> _ -> {}
            case Wrong<O> wrong -> throw new IllegalStateException(wrong.message());
            case Refused<O>(var k, var reason) ->
                    throw new IllegalStateException(
                            "%s refuses %s: %s".formatted(k.id(), workload.name(), reason));
        }
        var instance = workload.on(device);
        return new Subject(device, name(chosen), instance, chosen.bind(instance.op()));
    }

    /// Name of the first kernel of `device` that accepts the problem.
    public static <O extends Op> String preferred(Workload<O> workload, Device device) {
        return choose(PREFERRED, device.kernels(workload.type()), workload)
                .map(Subject::name)
                .orElseThrow(() -> missing(PREFERRED, device.kernels(workload.type()), workload));
    }

    private static <O extends Op> Optional<Kernel<O>> choose(
            String kernel, List<Kernel<O>> kernels, Workload<O> workload) {
        return kernels.stream()
                .filter(
                        k ->
                                kernel.equals(PREFERRED)
                                        ? k.refusal(workload.planned()).isEmpty()
                                        : name(k).equals(kernel))
                .findFirst();
    }

    private static <O extends Op> IllegalStateException missing(
            String kernel, List<Kernel<O>> kernels, Workload<O> workload) {
        return new IllegalStateException(
                "%s has no kernel %s, only %s"
                        .formatted(
                                workload.name(),
                                kernel,
                                kernels.stream().map(Subject::name).toList()));
    }

    /// Its id without the op: `cpu_blocked`.
    public static String name(Kernel<?> kernel) {
        return kernel.id().arch() + "_" + kernel.id().idea();
    }

    public String name() {
        return name;
    }

    public Op op() {
        return instance.op();
    }

    public Cost cost() {
        return instance.op().cost();
    }

    /// One launch, waited for.
    ///
    /// @return seconds by the device's clock
    public double run() {
        var stream = device.stream();
        var from = stream.mark();
        launch.on(stream);
        return stream.seconds(from, stream.mark());
    }

    @Override
    public void close() {
        launch.close();
        instance.close();
    }
}
