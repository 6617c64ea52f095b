package dev.ridgeline.cli;

import dev.ridgeline.device.Device;
import dev.ridgeline.hardware.HostRecord;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.StepGraph;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.TrainingStep;
import dev.ridgeline.residency.Calibration;
import dev.ridgeline.residency.CappedExecution;
import dev.ridgeline.residency.Speeds;

import java.util.stream.Stream;

/// A training step with its memory: all of it on the device, or, where it does not fit and may be
/// streamed, as much as fits.
///
/// @param table of the memory, for people
record PlacedStep(TrainingStep step, String table) implements AutoCloseable {
    /// What measuring takes of the device is missing from the arena. One that is not so many times
    /// larger loses more by that than a plan by measured speeds gains.
    private static final int ROOMY = 8;

    /// @param stream whether what does not fit may be kept beyond the device
    /// @param besides bytes of the device that a streamed step leaves free
    /// @throws Fault if it does not fit so, with what would make it fit
    static PlacedStep of(
            Config config,
            StepOptions options,
            Sites sites,
            HostRecord host,
            boolean stream,
            long besides) {
        var device = sites.asked().getFirst().device();
        var room = new Room(config, options, device, beyond(host, device));
        if (!stream || room.fits()) {
            room.require();
            var table = MemoryTable.of(StepGraph.plan(config, options, device));
            return new PlacedStep(new TrainingStep(device, config, options), table);
        }
        return streamed(config, options, device, room.requireStreamed(besides), sites.timed());
    }

    /// Memory of the host that a step on `device` may be kept in.
    static long beyond(HostRecord host, Device device) {
        long free =
                Stream.concat(host.memory().available().stream(), host.memory().limit().stream())
                        .mapToLong(b -> b)
                        .min()
                        .orElse(0);
        // a CPU's own memory is the host's too
        boolean shared = device.multiprocessors().isEmpty();
        return Math.max(0, shared ? free - (device.capacity() - device.allocated()) : free);
    }

    private static PlacedStep streamed(
            Config config, StepOptions options, Device device, long arena, boolean timed) {
        boolean measured = timed && arena > ROOMY * Calibration.bytes(device);
        long reserved = measured ? arena - Calibration.bytes(device) : arena;
        var link = device.link();
        var execution = new CappedExecution(device, link, config, options, reserved);
        var step = new TrainingStep(execution);
        try {
            var decision =
                    (measured ? execution.decide(speeds(execution, step)) : execution.decide())
                            .orElseThrow();
            execution.use(decision.plan());
            var table =
                    MemoryTable.streamed(
                            StepGraph.plan(config, options, device),
                            decision.plan(),
                            reserved + CappedExecution.stateBytes(config, options),
                            measured
                                    ? decision.reason()
                                    : "chosen for a device of nominal speeds, because nothing was"
                                            + " measured here");
            return new PlacedStep(step, table);
        } catch (RuntimeException e) {
            step.close();
            throw e;
        }
    }

    /// Leaves moments as they were before any step.
    private static Speeds speeds(CappedExecution execution, TrainingStep step) {
        if (!execution.useSimplest())
            throw new IllegalStateException("the least that works is not enough");
        step.initialize(0);
        int[] tokens = new int[step.graph().options().tokens()];
        step.gradients(tokens, tokens);
        step.update(0, 1);
        try (var calibration = new Calibration(execution)) {
            return calibration.measure(0);
        } finally {
            step.transfer().clearMoments();
        }
    }

    @Override
    public void close() {
        step.close();
    }
}
