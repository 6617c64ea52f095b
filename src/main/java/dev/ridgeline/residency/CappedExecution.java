package dev.ridgeline.residency;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Link;
import dev.ridgeline.device.Stream;
import dev.ridgeline.device.Stream.Mark;
import dev.ridgeline.model.Config;
import dev.ridgeline.model.Execution;
import dev.ridgeline.model.Memory;
import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.model.StepGraph;
import dev.ridgeline.model.StepOptions;
import dev.ridgeline.model.WeightTransfer;
import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Buffer;
import dev.ridgeline.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Runs a training step in a capped part of a device's memory, after a plan that can be exchanged
/// between steps: weights, moments and what else a step leaves behind are the same for all plans.
public final class CappedExecution implements Execution {
    private final Device device;
    private final Link link;
    private final Memory state;
    private final StepGraph graph;
    private final Buffer arena;
    private final FarMemory far;
    private final List<Planner.Variant> variants;
    private Optional<Program> program = Optional.empty();
    private Optional<Launch> evaluation = Optional.empty();
    private Optional<Program> entered = Optional.empty();
    private int position;
    private boolean closed;

    /// @param link closed with this
    /// @param arenaBytes of the largest plan
    /// @throws dev.ridgeline.device.OutOfDeviceMemory if the device has not so much
    public CappedExecution(
            Device device, Link link, Config config, StepOptions options, long arenaBytes) {
        this.device = device;
        this.link = link;
        var regions = StepGraph.plan(config, options);
        state = Memory.on(device, regions, r -> r.kind() == Kind.STATE);
        try {
            arena = device.allocate(arenaBytes);
        } catch (RuntimeException e) {
            state.close();
            throw e;
        }
        graph = new StepGraph(config, options, state);
        far = new FarMemory(link);
        variants = variants(graph);
        for (var variant : variants)
            far.admit(StepGraph.plan(config, options.withRecompute(variant.recomputes())));
    }

    private static List<Planner.Variant> variants(StepGraph asked) {
        var options = asked.options();
        if (options.recompute()) return List.of(variant(asked));
        var other = StepGraph.planned(asked.config(), options.withRecompute(true));
        return List.of(variant(asked), variant(other));
    }

    private static Planner.Variant variant(StepGraph graph) {
        var ops = new ArrayList<Op>(graph.gradientOps());
        ops.addAll(graph.updateOps());
        return new Planner.Variant(
                graph.options().recompute(), new Trace(ops, graph.memory()::region));
    }

    /// The ways to run the step, for a planner.
    public List<Planner.Variant> variants() {
        return variants;
    }

    /// Bytes on the device besides the arena.
    public static long stateBytes(Config config, StepOptions options) {
        return StepGraph.plan(config, options).entrySet().stream()
                .filter(e -> e.getKey().kind() == Kind.STATE)
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    Link link() {
        return link;
    }

    /// Bytes of the least memory in which such a step can be run, [#stateBytes] included.
    public static long least(Config config, StepOptions options) {
        var variants = variants(StepGraph.planned(config, options));
        return new Planner(variants, Speeds.nominal(variants, false)).least()
                + stateBytes(config, options);
    }

    /// The fastest plan for the arena, as far as `speeds` tell; empty if there is none.
    public Optional<Planner.Decision> decide(Speeds speeds) {
        return new Planner(variants, speeds).decide(arena.bytes());
    }

    /// The same where nothing was measured.
    public Optional<Planner.Decision> decide() {
        return decide(Speeds.nominal(variants, link.duplex()));
    }

    /// Runs steps after this plan from here on, within the arena.
    ///
    /// @throws dev.ridgeline.device.NoKernel if the device lacks a kernel
    public void use(Plan plan) {
        if (program.isPresent() && program.get().plan() == plan) return;
        leave();
        // what its kernels take on the device is given back first
        program.ifPresent(Program::close);
        program = Optional.empty();
        program = Optional.of(bound(plan));
    }

    /// Runs steps after a plan that needs no measurement: with everything on the device, or with
    /// nothing kept there.
    ///
    /// @return whether the arena is large enough for one
    public boolean useSimplest() {
        var plan = nominal(variants.getFirst()).simplest(arena.bytes());
        plan.ifPresent(this::use);
        return plan.isPresent();
    }

    private Planner nominal(Planner.Variant variant) {
        var only = List.of(variant);
        return new Planner(only, Speeds.nominal(only, link.duplex()));
    }

    private Program bound(Plan plan) {
        return new Program(device, link, plan, arena, far, state::buffer);
    }

    Program program() {
        return program.orElseThrow(() -> new IllegalStateException("no plan was chosen"));
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
        run(program(), 0, gradientOps(program()));
    }

    @Override
    public void update() {
        run(program(), gradientOps(program()), program().plan().trace().ops().size());
    }

    /// The optimizer's ops are the same in every variant and come last.
    private int gradientOps(Program program) {
        return program.plan().trace().ops().size() - graph.updateOps().size();
    }

    /// Enqueues ops `[from, to)`, from the state that the last ones left or from far memory.
    private void run(Program next, int from, int to) {
        int turn = next.plan().trace().ops().size();
        boolean there = entered.isPresent() && entered.get() == next && position == from;
        if (!there) {
            boolean skipped = entered.isPresent() && position != 0;
            leave();
            // the update would have made them anew, so they were not kept for after it
            if (skipped) new WeightTransfer(this).refreshCopies();
            next.enter(from);
            entered = Optional.of(next);
        }
        next.run(from, to);
        position = to % turn;
    }

    @Override
    public List<Op> ops() {
        return program().plan().trace().ops();
    }

    @Override
    public List<Mark[]> profile() {
        return profile(() -> {});
    }

    /// Runs a whole step, op by op.
    List<Mark[]> profile(Runnable beside) {
        if (entered.isEmpty() || entered.get() != program() || position != 0) {
            leave();
            program().enter(0);
            entered = program;
            position = 0;
        }
        return program().profile(beside);
    }

    /// Brings all that is only on the device into far memory.
    public void leave() {
        entered.ifPresent(p -> p.leave(position));
        entered = Optional.empty();
    }

    @Override
    public void losses() {
        if (evaluation.isEmpty()) evaluation = Optional.of(bound(graph.lossOps()));
        evaluation.get().on(device.stream());
    }

    @Override
    public Launch bound(List<Op> ops) {
        var trace = new Trace(ops, graph.memory()::region);
        var plan = nominal(new Planner.Variant(false, trace)).decide(arena.bytes());
        var bound = bound(plan.orElseThrow().plan());
        return new Launch() {
            @Override
            public void on(Stream stream) {
                run(bound, 0, ops.size());
            }

            @Override
            public void close() {
                if (entered.equals(Optional.of(bound))) leave();
                bound.close();
            }
        };
    }

    @Override
    public void upload(Tensor to, MemorySegment from) {
        leave();
        part(to).copyFrom(from.asSlice(0, to.bytes()));
    }

    @Override
    public void download(Tensor from, MemorySegment to) {
        leave();
        to.asSlice(0, from.bytes()).copyFrom(part(from));
    }

    private MemorySegment part(Tensor t) {
        var region = graph.memory().region(t.buffer()).orElseThrow();
        return far.part(region, t.begin(), t.bytes());
    }

    /// Counts what is copied from here on.
    public void count() {
        program().count();
    }

    /// What was copied since; waits for it.
    ///
    /// @param seconds that passed
    public Traffic counted(double seconds) {
        return program().counted(seconds);
    }

    /// Idempotent, because the step that it is given to closes it too.
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        entered = Optional.empty();
        evaluation.ifPresent(Launch::close);
        program.ifPresent(Program::close);
        link.close();
        arena.close();
        state.close();
    }
}
