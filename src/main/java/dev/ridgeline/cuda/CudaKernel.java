package dev.ridgeline.cuda;

import dev.ridgeline.device.Kernel;
import dev.ridgeline.device.KernelId;
import dev.ridgeline.device.Launch;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.Tolerance;

import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;

/// A kernel of this backend, as data: its name, what it will not do, and how an op becomes
/// launches. The name is that of its source, `kernels/<op>/<arch>_<idea>.cu`.
///
/// @param peer whether it is another library's
record CudaKernel<O extends Op>(
        KernelId id,
        Function<O, Optional<String>> refuses,
        BiConsumer<O, LaunchPlan> plans,
        boolean peer,
        Within<O> within) {
    /// How far an output may be off on a device of compute capability `sm`.
    interface Within<O> {
        Tolerance of(O op, int output, int sm);
    }

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
                new KernelId(Op.name(op), arch, idea),
                refuses,
                plans,
                false,
                CudaKernel::asTheOpSays);
    }

    /// The same kernel, held to what its arithmetic can do.
    CudaKernel<O> within(Within<O> other) {
        return new CudaKernel<>(id, refuses, plans, peer, other);
    }

    private static Tolerance asTheOpSays(Op op, int output, int sm) {
        return op.tolerance(output);
    }

    /// A kernel of another library, for comparison.
    ///
    /// @param arch `any`, or the oldest that has what it needs
    static <O extends Op> CudaKernel<O> peer(
            Class<O> op,
            String arch,
            String idea,
            Function<O, Optional<String>> refuses,
            BiConsumer<O, LaunchPlan> plans) {
        return new CudaKernel<>(
                new KernelId(Op.name(op), arch, idea),
                refuses,
                plans,
                true,
                CudaKernel::asTheOpSays);
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
                var images = device.images();
                return (peer ? images.needs(id.arch()) : images.refusal(id))
                        .or(() -> refuses.apply(op));
            }

            @Override
            public boolean peer() {
                return peer;
            }

            @Override
            public Tolerance tolerance(O op, int output) {
                return within.of(op, output, device.images().sm());
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
