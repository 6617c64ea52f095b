package dev.ridgeline.cpu;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.op.Op;

import java.util.Optional;
import java.util.function.Function;

/// A kernel of this backend, as data: its name, what it will not do, and how it is bound.
record CpuKernel<O extends Op>(
        KernelId id, Function<O, Optional<String>> refuses, Function<O, Launch> binds)
        implements Kernel<O> {
    /// A kernel that takes every op of its type.
    static <O extends Op> CpuKernel<O> of(Class<O> op, String idea, Function<O, Launch> binds) {
        return of(op, idea, o -> Optional.empty(), binds);
    }

    static <O extends Op> CpuKernel<O> of(
            Class<O> op,
            String idea,
            Function<O, Optional<String>> refuses,
            Function<O, Launch> binds) {
        return new CpuKernel<>(new KernelId(Op.name(op), "cpu", idea), refuses, binds);
    }

    @Override
    public Optional<String> refusal(O op) {
        return refuses.apply(op);
    }

    @Override
    public Launch bind(O op) {
        requireAccepted(op);
        return binds.apply(op);
    }
}
