package dev.ridgeline.model;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Replay;
import dev.ridgeline.device.Stream.Mark;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// A step that is on its device as a whole.
final class OnDevice implements Execution {
    private final Device device;
    private final Memory memory;
    private final StepGraph graph;
    private final Replay gradients;
    private final Replay update;
    private final Replay losses;
    private final List<Launch> single = new ArrayList<>();

    /// @throws dev.ridgeline.device.OutOfDeviceMemory if the plan does not fit
    /// @throws dev.ridgeline.device.NoKernel if the device lacks one
    OnDevice(Device device, Config config, StepOptions options) {
        this.device = device;
        memory = Memory.on(device, StepGraph.plan(config, options));
        graph = new StepGraph(config, options, memory);
        zero();
        gradients = new Replay(device, graph.gradientOps());
        update = new Replay(device, graph.updateOps());
        losses = new Replay(device, graph.lossOps());
    }

    private void zero() {
        try (var replay = new Replay(device, graph.weights().zeros())) {
            replay.on(device.stream());
            device.stream().synchronize();
        }
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public StepGraph graph() {
        return graph;
    }

    @Override
    public void gradients() {
        gradients.on(device.stream());
    }

    @Override
    public void update() {
        update.on(device.stream());
    }

    @Override
    public List<Op> ops() {
        var ops = new ArrayList<Op>(graph.gradientOps());
        ops.addAll(graph.updateOps());
        return ops;
    }

    @Override
    public List<Mark[]> profile() {
        if (single.isEmpty()) for (var op : ops()) single.add(device.bind(op));
        var stream = device.stream();
        var found = new ArrayList<Mark[]>();
        var before = stream.mark();
        for (var launch : single) {
            launch.on(stream);
            var after = stream.mark();
            found.add(new Mark[] {before, after});
            before = after;
        }
        return found;
    }

    @Override
    public void losses() {
        losses.on(device.stream());
    }

    @Override
    public Launch bound(List<Op> ops) {
        return new Replay(device, ops);
    }

    @Override
    public void upload(Tensor to, MemorySegment from) {
        whole(to).buffer().upload(from);
    }

    @Override
    public void download(Tensor from, MemorySegment to) {
        whole(from).buffer().download(to);
    }

    private static Tensor whole(Tensor t) {
        if (t.begin() == 0 && t.contiguous()) return t;
        throw new IllegalArgumentException("only what begins its region is moved: " + t);
    }

    @Override
    public void close() {
        single.forEach(Launch::close);
        List.of(gradients, update, losses).forEach(Replay::close);
        memory.close();
    }
}
