package dev.ridgeline.residency;

import dev.ridgeline.device.Device;
import dev.ridgeline.device.Link;
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
import java.util.HashMap;
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
    private final Planner.Variant evaluation;
    private final List<Planner.Variant> variants = new ArrayList<>();
    private final Map<Plan, Program> programs = new HashMap<>();
    private Optional<Program> program = Optional.empty();
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
        far.admit(regions);
        variants.add(variant(graph));
        evaluation =
                new Planner.Variant(
                        options.recompute(), new Trace(graph.lossOps(), graph.memory()::region));
        if (!options.recompute()) {
            var other = options.withRecompute(true);
            far.admit(StepGraph.plan(config, other));
            variants.add(variant(StepGraph.planned(config, other)));
        }
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

    /// Runs steps after this plan from here on, within the arena.
    ///
    /// @throws dev.ridgeline.device.NoKernel if the device lacks a kernel
    public void use(Plan plan) {
        leave();
        program = Optional.of(programs.computeIfAbsent(plan, this::bound));
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

    /// Bytes of the least arena that works.
    public long least() {
        return new Planner(variants, Speeds.nominal(variants, link.duplex())).least();
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
        var plan = programs.keySet().stream().filter(p -> p.variant() == evaluation).findFirst();
        var evaluating = plan.map(programs::get).orElseGet(this::evaluating);
        run(evaluating, 0, evaluation.trace().ops().size());
    }

    private Program evaluating() {
        var plan = nominal(evaluation).decide(arena.bytes()).orElseThrow().plan();
        var bound = bound(plan);
        programs.put(plan, bound);
        return bound;
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
        programs.values().forEach(Program::close);
        link.close();
        arena.close();
        state.close();
    }
}
