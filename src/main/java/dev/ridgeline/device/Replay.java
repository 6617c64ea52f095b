package dev.ridgeline.device;

import dev.ridgeline.op.Op;

import java.util.ArrayList;
import java.util.List;

/// A list of ops bound once and launched in order any number of times.
public final class Replay implements AutoCloseable {
    private final List<Launch> launches = new ArrayList<>();

    /// @throws NoKernel if the device lacks a kernel for one of them
    public Replay(Device device, List<? extends Op> ops) {
        for (var op : ops) launches.add(device.bind(op));
    }

    public void on(Stream stream) {
        for (var launch : launches) launch.on(stream);
    }

    @Override
    public void close() {
        launches.forEach(Launch::close);
        launches.clear();
    }
}
