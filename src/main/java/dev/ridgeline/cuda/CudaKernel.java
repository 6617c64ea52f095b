package dev.ridgeline.cuda;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Tolerance;

import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;

/// A kernel of this backend, as data: its name, what it will not do, and how an op becomes
/// launches. The name is that of its source, `kernels/<op>/<arch>_<idea>.cu`.
///
/// @param peer whether it is another library's
/// @param tolerance of an op and one of its outputs
record CudaKernel<O extends Op>(
        KernelId id,
        Function<O, Optional<String>> refuses,
        BiConsumer<O, LaunchPlan> plans,
        boolean peer,
        BiFunction<O, Integer, Tolerance> tolerance) {
    /// @param arch `portable` for any device from sm_80 on, or the one it is built for: `sm90a`
    /// @param refuses words of the source's `Needs`; asked about ops whose tensors may have no
    ///   memory
    /// @param plans names the launches that compute the op, in their order
    static <O extends Op> CudaKernel<O> of(
            Class<O> op,
            String arch,
            String idea,
            Function<O, Optional<String>> refuses,
            BiConsumer<O, LaunchPlan> plans) {
        return new CudaKernel<>(
                new KernelId(Op.name(op), arch, idea), refuses, plans, false, Op::tolerance);
    }

    /// The same kernel, held to what its arithmetic can do.
    CudaKernel<O> within(BiFunction<O, Integer, Tolerance> other) {
        return new CudaKernel<>(id, refuses, plans, peer, other);
    }

    /// A kernel of another library, for comparison.
    static <O extends Op> CudaKernel<O> peer(
            Class<O> op,
            String idea,
            Function<O, Optional<String>> refuses,
            BiConsumer<O, LaunchPlan> plans) {
        return new CudaKernel<>(
                new KernelId(Op.name(op), "any", idea), refuses, plans, true, Op::tolerance);
    }

    /// The kernel as one device runs it, or refuses to.
    Kernel<O> on(CudaDevice device) {
        return new Kernel<>() {
            @Override
            public KernelId id() {
                return id;
            }

            @Override
            public Optional<String> refusal(O op) {
                var built = peer ? Optional.<String>empty() : device.images().refusal(id);
                return built.or(() -> refuses.apply(op));
            }

            @Override
            public boolean peer() {
                return peer;
            }

            @Override
            public Tolerance tolerance(O op, int output) {
                return tolerance.apply(op, output);
            }

            @Override
            public Launch bind(O op) {
                requireAccepted(op);
                var plan = new LaunchPlan(device, id);
                try {
                    plans.accept(op, plan);
                    return plan.launch();
                } catch (RuntimeException e) {
                    plan.close();
                    throw e;
                }
            }

            @Override
            public long scratch(O op) {
                requireAccepted(op);
                var plan = LaunchPlan.counting(device, id);
                plans.accept(op, plan);
                return plan.counted();
            }

            @Override
            public String toString() {
                return id + " on " + device.name();
            }
        };
    }
}
