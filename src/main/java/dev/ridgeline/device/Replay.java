package dev.ridgeline.device;

import dev.ridgeline.op.Op;

import java.util.ArrayList;
import java.util.List;

/// A list of ops bound once and launched in order any number of times, on a GPU as one graph.
public final class Replay implements Launch {
    private final Launch sequence;

    /// @throws NoKernel if the device lacks a kernel for one of them
    public Replay(Device device, List<? extends Op> ops) {
        var launches = new ArrayList<Launch>();
        try {
            for (var op : ops) launches.add(device.bind(op));
            sequence = device.sequence(launches);
        } catch (RuntimeException e) {
            launches.forEach(Launch::close);
            throw e;
        }
    }

    @Override
    public void on(Stream stream) {
        sequence.on(stream);
    }

    @Override
    public void close() {
        sequence.close();
    }
}
